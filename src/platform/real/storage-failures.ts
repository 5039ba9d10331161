import { StorageUnavailable } from "../errors.ts";

/** System errors of a disk that takes no writes, as clauses for people. */
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
  ENOENT: "the directory is gone",
  ENOTDIR: "a file is in place of a directory",
  EEXIST: "a file is in place of a directory",
  EISDIR: "a directory is in place of a file",
  EBUSY: "another program holds it",
};

/** Why the system refused, as a clause; undefined for what is not the storage's fault. */
export function storageReason(error: unknown): string | undefined {
  const code = systemCode(error);
  const reason = REASONS[code];
  return reason && `${reason} (${code})`;
}

/** The system's code of an error, e.g. `ENOENT`; empty when it has none. */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** StorageUnavailable for a failure of the storage; other errors pass unchanged. */
export function storageError(path: string, error: unknown): unknown {
  const reason = storageReason(error);
  return reason === undefined
    ? error
    : new StorageUnavailable(`${path}: ${reason}`, { cause: error });
}
