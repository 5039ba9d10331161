import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { mountOf } from "./mounts.ts";

/**
 * What the file system refuses when SQLite fails with one of these codes (sqlite.org/rescode.html).
 * FUSE with `direct_io` and some network shares map no shared memory; an NFS share without a lock
 * manager has no locks.
 */
const REFUSED: Readonly<Record<string, string>> = {
  SQLITE_IOERR_SHMMAP: "shared memory",
  SQLITE_IOERR_SHMOPEN: "shared memory",
  SQLITE_IOERR_SHMLOCK: "file locks",
  SQLITE_IOERR_LOCK: "file locks",
  SQLITE_IOERR_RDLOCK: "file locks",
  SQLITE_IOERR_UNLOCK: "file locks",
  SQLITE_IOERR_CHECKRESERVEDLOCK: "file locks",
};

/** What to do about a refusal, as a clause for users. */
export const LOCAL_REMEDY = "put the data directory on a local file system, with --data-dir";

/** The feature that the file system refuses; undefined where SQLite fails for another reason. */
export function refusedFeature(code: string): string | undefined {
  return REFUSED[code];
}

/** Which file system refuses a feature, as a clause for users. */
export function describeRefusal(feature: string, code: string, path: string): string {
  const mount = mountOf(realFolder(path));
  const name = mount === undefined ? "" : `, ${mount.type} (mounted at ${mount.mountPoint}),`;
  const refusal = `its file system${name} refuses ${feature} (${code})`;
  return `${refusal}, which SQLite's write-ahead log needs`;
}

/** Without links; of a file that does not exist, its folder. */
function realFolder(path: string): string {
  for (const place of [path, dirname(path)]) {
    try {
      return realpathSync(place);
    } catch {
      // Try the folder, then use the path as it is.
    }
  }
  return path;
}
