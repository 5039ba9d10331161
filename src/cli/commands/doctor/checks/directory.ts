import { type Check, fail, ok, warn } from "../check.ts";
import type { DirectoryReport, Facts } from "../facts.ts";

const MB = 2 ** 20;
/** Below the first the disk may be full within an hour; below the second with the next snapshot. */
const FREE_GOOD_BYTES = 500 * MB;
const FREE_MIN_BYTES = 50 * MB;
const FREE_FILES_MIN = 100;
/** A commit waits for one sync; a memory card takes 20 ms. */
const SYNC_SLOW_MS = 200;

/** Network file systems: their locks and syncs do not meet SQLite's requirements. */
const REMOTE = /^(nfs4?|cifs|smb3?|9p|afs|ceph|glusterfs|fuse\.(sshfs|glusterfs|s3fs|rclone))$/;
const LOCAL_DISK = "put it on a disk of this machine: --data-dir";
const VOLATILE = /^(tmpfs|ramfs)$/;
/** File systems of a container, which are deleted with it. */
const LAYERED = /^(overlay|aufs|fuse\.fuse-overlayfs)$/;

/** Checks the data directory, or its future place. */
export function directoryChecks({ machine, node }: Facts): readonly Check[] {
  if (machine === undefined) return [];
  const { directory } = machine;
  const isRunning = node.kind === "running";
  return [
    contentCheck(directory, isRunning),
    ...databaseChecks(directory),
    ...spaceChecks(directory),
    ...mountChecks(directory),
  ];
}

function contentCheck(directory: DirectoryReport, isRunning: boolean): Check {
  const id = "directory";
  const { path, kind, reason, foreignOwner, isOpen, write, strayPid } = directory;
  if (kind === "foreign") {
    return fail(
      id,
      `${path} is not a data directory of tankd: ${reason}`,
      "choose another: --data-dir",
    );
  }
  if (foreignOwner !== undefined && (kind === "unreadable" || "failure" in write)) {
    const what = `${path} belongs to another user (id ${foreignOwner})`;
    // The node of this directory runs as that user.
    if (isRunning) return ok(id, what);
    return fail(id, what, "run tankd as that user, or choose another directory by --data-dir");
  }
  if (kind === "unreadable") return fail(id, `${path} cannot be read: ${reason}`, null);
  if ("failure" in write) {
    const mend = "give this user write access, or choose another directory by --data-dir";
    return fail(id, `nothing can be written in ${path}: ${write.failure}`, mend);
  }
  if (strayPid !== undefined) {
    const what = `tankd (pid ${strayPid}) uses ${path}, but its node does not answer`;
    return warn(id, what, `wait for its start, or stop it: kill ${strayPid}`);
  }
  if (isOpen) return warn(id, `other users can write to ${path}`, `chmod go-w ${quoted(path)}`);
  if (kind === "absent") return ok(id, `${path} will be created at the first start`);
  if (write.tookMs > SYNC_SLOW_MS) {
    const what = `a synced write to ${path} takes ${Math.round(write.tookMs)} ms`;
    return warn(id, `${what}: every change takes as long`, "put it on a faster disk");
  }
  const user = isRunning ? ", in use by the node" : ", not in use";
  return ok(id, `${path} is writable (${write.tookMs.toFixed(1)} ms)${user}`);
}

function databaseChecks({ path, databaseFault }: DirectoryReport): readonly Check[] {
  if (databaseFault === undefined) return [];
  const what = `no database works in ${path}: ${databaseFault}`;
  return [fail("database", what, LOCAL_DISK)];
}

function spaceChecks({ path, space }: DirectoryReport): readonly Check[] {
  if (space === undefined) return [];
  const { freeBytes, freeFiles } = space;
  const what = `${Math.floor(freeBytes / MB)} MB are free at ${path}`;
  const mend = "free space on that disk";
  // Some file systems have no limit of files, and report 0.
  if (freeFiles > 0 && freeFiles < FREE_FILES_MIN) {
    return [fail("space", `only ${freeFiles} more files fit at ${path}`, mend)];
  }
  if (freeBytes < FREE_MIN_BYTES) return [fail("space", what, mend)];
  return [freeBytes < FREE_GOOD_BYTES ? warn("space", what, mend) : ok("space", what)];
}

function mountChecks({ path, mount }: DirectoryReport): readonly Check[] {
  if (mount === undefined) return [];
  const { type, mountPoint } = mount;
  const where = `${path} is on ${type} (${mountPoint})`;
  if (REMOTE.test(type)) {
    const what = `${where}, a network file system: locks and syncs are not reliable there`;
    return [warn("filesystem", what, LOCAL_DISK)];
  }
  if (VOLATILE.test(type)) {
    const what = `${where}, which is empty after a restart of the machine`;
    return [warn("filesystem", what, "put it on a disk: --data-dir")];
  }
  if (LAYERED.test(type)) {
    const what = `${where}, which is deleted with its container`;
    return [warn("filesystem", what, "mount a volume there: docker run -v tankd:/var/lib/tankd")];
  }
  return [ok("filesystem", where)];
}

/** Quoted for a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
