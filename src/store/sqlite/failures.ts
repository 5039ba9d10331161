import { SQLiteError } from "bun:sqlite";
import { messageOf } from "../../platform/errors.ts";
import { JournalConflict, StorageDamaged, StorageUnavailable } from "../journal.ts";

/**
 * Primary result codes (sqlite.org/rescode.html) after which later writes may succeed, possibly
 * after an operator has freed space or repaired something: the change is refused, the node runs on.
 */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  SQLITE_FULL: "the disk is full",
  // There was no space for the index of the write-ahead log; SQLite has no better code for it.
  SQLITE_IOERR_SHMSIZE: "the disk is full",
  SQLITE_IOERR: "the disk reports an error",
  SQLITE_READONLY: "the database is read-only",
  SQLITE_CANTOPEN: "the database cannot be opened",
  SQLITE_PERM: "access to the database is denied",
  SQLITE_BUSY: "another program has locked the database",
  SQLITE_LOCKED: "another program has locked the database",
};

/** The file differs from what SQLite has written. Only a backup helps. */
const DAMAGED = ["SQLITE_CORRUPT", "SQLITE_NOTADB"] as const;

/** The reason of a failure, as a clause for users; undefined when it is not the storage's. */
export function storageFault(error: unknown): string | undefined {
  const code = codeOf(error);
  if (isDamage(code)) return `the database is damaged (${code})`;
  const primary = Object.keys(UNAVAILABLE).find((one) => isOf(code, one));
  return primary && `${UNAVAILABLE[primary]} (${code})`;
}

/** What to do before a node can start on such a database, as a clause for users. */
const REMEDIES: Readonly<Record<string, string>> = {
  SQLITE_FULL: "free space on the disk, then start again",
  SQLITE_IOERR_SHMSIZE: "free space on the disk, then start again",
  SQLITE_IOERR: "check the disk, then start again",
  SQLITE_READONLY: "give this user write access, or choose another --data-dir",
  SQLITE_CANTOPEN: "give this user write access, or choose another --data-dir",
  SQLITE_PERM: "give this user write access, or choose another --data-dir",
  SQLITE_BUSY: "stop that program, then start again",
  SQLITE_LOCKED: "stop that program, then start again",
  SQLITE_CORRUPT: "restore the data directory from a backup, or choose another --data-dir",
  SQLITE_NOTADB: "restore the data directory from a backup, or choose another --data-dir",
};

/** The reason of a failed start, and the remedy; undefined when it is not the storage's fault. */
export function databaseAdvice(error: unknown): string | undefined {
  const code = codeOf(error);
  const known = Object.keys(REMEDIES).find((one) => isOf(code, one));
  const fault = storageFault(error);
  return fault && known ? `${fault}: ${REMEDIES[known]}` : fault;
}

/** Converts an error of SQLite to one of the {@link Journal} contract; passes others through. */
export function journalError(error: unknown): unknown {
  const code = codeOf(error);
  // A wrong type in a STRICT table is a bug, not a conflict.
  if (code.startsWith("SQLITE_CONSTRAINT") && code !== "SQLITE_CONSTRAINT_DATATYPE") {
    return new JournalConflict(messageOf(error), { cause: error });
  }
  const fault = storageFault(error);
  if (isDamage(code)) {
    const sentence = `${fault}: stop the node and restore its data directory from a backup`;
    return new StorageDamaged(sentence, { cause: error });
  }
  return fault === undefined ? error : new StorageUnavailable(fault, { cause: error });
}

/** Whether opening failed because a file beside the database could not be created or written. */
export function isUnopenable(error: unknown): boolean {
  const code = codeOf(error);
  return isOf(code, "SQLITE_CANTOPEN") || isOf(code, "SQLITE_READONLY");
}

function isDamage(code: string): boolean {
  return DAMAGED.some((one) => isOf(code, one));
}

/** Whether an extended code belongs to a primary one. */
function isOf(code: string, primary: string): boolean {
  return code === primary || code.startsWith(`${primary}_`);
}

function codeOf(error: unknown): string {
  return error instanceof SQLiteError ? (error.code ?? "") : "";
}
