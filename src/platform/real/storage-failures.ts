import { StorageUnavailable } from "../errors.ts";

/** System errors of a disk that takes no writes, as clauses for users. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be too large",
  EROFS: "the disk is read-only",
  EACCES: "access is denied",
  EPERM: "access is denied",
  EIO: "the disk reports an error",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  ENOENT: "there is no such directory",
  ENOTDIR: "a file is in place of a directory",
  EEXIST: "a file is in place of a directory",
  EISDIR: "a directory is in place of a file",
  EBUSY: "another program has locked it",
  // Of the lock file, which SQLite locks.
  SQLITE_FULL: "the disk is full",
  SQLITE_READONLY: "the disk is read-only",
  SQLITE_READONLY_DIRECTORY: "access is denied",
  SQLITE_CANTOPEN: "access is denied",
  SQLITE_IOERR: "the disk reports an error",
};

/** A file system in which the system makes no directories. */
export class NoDirectories extends Error {
  override readonly name = "NoDirectories";
  readonly code = "ENOENT";

  constructor(cause: unknown) {
    super("no directory can be made there", { cause });
  }
}

/** For errors that are not listed above: an unmounted share, a removed disk. */
const OTHER_REASON = "the system reports an error";

/** The reason of a failure, as a clause; undefined when it is not the storage's fault. */
export function storageReason(error: unknown): string | undefined {
  const code = systemCode(error);
  if (error instanceof NoDirectories) return `${error.message} (${code})`;
  const other = isSystemError(error) ? OTHER_REASON : undefined;
  const reason = REASONS[code] ?? REASONS[primary(code)] ?? other;
  return reason && `${reason} (${code})`;
}

/** Whether a system call failed, as opposed to an invalid argument. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "errno" in error && "syscall" in error;
}

/** The remedy, as a clause for users; undefined where it depends on the cause. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: "free space on it, then start again",
  EDQUOT: "free space within it, then start again",
  EIO: "check the disk, then start again",
  EROFS: "mount it writable, or choose another --data-dir",
  EACCES: "give this user write access, or choose another --data-dir",
  EPERM: "give this user write access, or choose another --data-dir",
  ENOTDIR: "choose another --data-dir",
  EEXIST: "choose another --data-dir",
  SQLITE_FULL: "free space on it, then start again",
  SQLITE_IOERR: "check the disk, then start again",
  SQLITE_READONLY: "mount it writable, or choose another --data-dir",
  SQLITE_READONLY_DIRECTORY: "give this user write access, or choose another --data-dir",
  SQLITE_CANTOPEN: "give this user write access, or choose another --data-dir",
};

/**
 * Why a directory or file cannot be used, and the remedy; undefined when it is not the storage's
 * fault.
 */
export function storageAdvice(error: unknown): string | undefined {
  const reason = storageReason(error);
  const code = systemCode(error);
  if (error instanceof NoDirectories) return `${reason}: choose another --data-dir`;
  const remedy = REMEDIES[code] ?? REMEDIES[primary(code)];
  return reason && remedy ? `${reason}: ${remedy}` : reason;
}

/**
 * The reason of a failure that was told with its code, as `the disk is full (ENOSPC)`, and the
 * remedy before a start, if one is known.
 */
export function withRemedy(reason: string): string {
  const code = /\(([A-Z_]+)\)$/.exec(reason)?.[1] ?? "";
  const remedy = REMEDIES[code] ?? REMEDIES[primary(code)];
  return remedy === undefined ? reason : `${reason}: ${remedy}`;
}

/** The system's code of an error, e.g. `ENOENT`; empty when it has none. */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** SQLite's extended codes add a word to a primary one, like SQLITE_IOERR_WRITE. */
function primary(code: string): string {
  return code.startsWith("SQLITE_") ? code.split("_").slice(0, 2).join("_") : code;
}

/** StorageUnavailable for a failure of the storage; other errors pass unchanged. */
export function storageError(path: string, error: unknown): unknown {
  const reason = storageReason(error);
  return reason === undefined
    ? error
    : new StorageUnavailable(`${path}: ${reason}`, { cause: error });
}
