import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { foreignNameIn } from "./data-directory.ts";
import { type Mount, mountOf } from "./mounts.ts";
import { storageReason, systemCode } from "./storage-failures.ts";

/** A data directory, or the place where one would be made. */
export interface DirectoryFacts {
  /** `absent`: it would be made. `foreign`: it holds something that is not tankd's. */
  readonly kind: "ours" | "empty" | "absent" | "foreign" | "unreadable";
  /** Why, where it cannot be used. */
  readonly reason: string | undefined;
  /** The id of the user whose it is, where that is another one. */
  readonly foreignOwner: number | undefined;
  /** Other users may write in it. */
  readonly isOpen: boolean;
  /** What a write and its sync took, milliseconds; or why there was none. */
  readonly write: { readonly tookMs: number } | { readonly failure: string };
  readonly space: { readonly freeBytes: number; readonly freeFiles: number } | undefined;
  readonly mount: Mount | undefined;
}

const OTHERS_WRITE = 0o022;
/** A page of the database. */
const PROBE_BYTES = 4096;

/** Looks at it and writes one small file, which is removed again; makes no directory. */
export function examineDirectory(path: string): DirectoryFacts {
  const there = nearestThere(path);
  const status = attempt(() => statSync(there));
  const isThere = there === path;
  const { kind, reason } = isThere ? contentOf(path) : ABSENT;
  const real = attempt(() => realpathSync(there)) ?? there;
  return {
    kind,
    reason,
    foreignOwner: isThere && status && isForeign(status.uid) ? status.uid : undefined,
    isOpen: isThere && process.platform !== "win32" && ((status?.mode ?? 0) & OTHERS_WRITE) !== 0,
    write: kind === "ours" ? writeIn(path) : mayWriteIn(there),
    space: spaceOf(there),
    mount: mountOf(real),
  };
}

/** On Windows owners are no numbers, and nobody is foreign. */
function isForeign(owner: number): boolean {
  const self = process.getuid?.();
  return self !== undefined && owner !== self;
}

const ABSENT = { kind: "absent", reason: undefined } as const;

function contentOf(path: string): Pick<DirectoryFacts, "kind" | "reason"> {
  try {
    const names = readdirSync(path);
    if (names.length === 0) return { kind: "empty", reason: undefined };
    const foreign = foreignNameIn(names);
    return foreign === undefined
      ? { kind: "ours", reason: undefined }
      : { kind: "foreign", reason: `it holds ${foreign}` };
  } catch (error) {
    return { kind: "unreadable", reason: storageReason(error) ?? systemCode(error) };
  }
}

/** Measured as a commit would be. */
function writeIn(folder: string): DirectoryFacts["write"] {
  const path = join(folder, `doctor.${process.pid}.tmp`);
  const startedMs = performance.now();
  try {
    const file = openSync(path, "wx", 0o600);
    try {
      writeSync(file, new Uint8Array(PROBE_BYTES));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return { tookMs: performance.now() - startedMs };
  } catch (error) {
    return { failure: storageReason(error) ?? systemCode(error) };
  } finally {
    attempt(() => rmSync(path, { force: true }));
  }
}

/** Where nothing of ours is there yet, nothing is written. */
function mayWriteIn(folder: string): DirectoryFacts["write"] {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { tookMs: 0 };
  } catch (error) {
    return { failure: storageReason(error) ?? systemCode(error) };
  }
}

function spaceOf(path: string): DirectoryFacts["space"] {
  const found = attempt(() => statfsSync(path));
  return found && { freeBytes: found.bavail * found.bsize, freeFiles: found.ffree };
}

function nearestThere(path: string): string {
  let there = path;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  return there;
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
