import { SQLiteError } from "bun:sqlite";
import { messageOf } from "../../platform/errors.ts";
import { JournalConflict, StorageDamaged, StorageUnavailable } from "../journal.ts";

/**
 * Primary result codes (sqlite.org/rescode.html) after which later writes may succeed, or an
 * operator has to make room or repair: the change is refused, the node lives on.
 */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  SQLITE_FULL: "the disk is full",
  // The index of the write-ahead log found no room; SQLite has no better code for it.
  SQLITE_IOERR_SHMSIZE: "the disk is full",
  SQLITE_IOERR: "the disk reports an error",
  SQLITE_READONLY: "the database is read-only",
  SQLITE_CANTOPEN: "the database cannot be opened",
  SQLITE_PERM: "access to the database is denied",
  SQLITE_BUSY: "another program holds the database",
  SQLITE_LOCKED: "another program holds the database",
};

/** The file is not what SQLite has written into it. No waiting helps, only a backup. */
const DAMAGED = ["SQLITE_CORRUPT", "SQLITE_NOTADB"] as const;

/** Why SQLite refused, as a clause for people; undefined for what is not the storage's fault. */
export function storageFault(error: unknown): string | undefined {
  const code = codeOf(error);
  if (isDamage(code)) return `the database is damaged (${code})`;
  const primary = Object.keys(UNAVAILABLE).find((one) => isOf(code, one));
  return primary && `${UNAVAILABLE[primary]} (${code})`;
}

/** What to do before a node can start on such a database, as a clause for people. */
const REMEDIES: Readonly<Record<string, string>> = {
  SQLITE_FULL: "make room on the disk, then start again",
  SQLITE_IOERR_SHMSIZE: "make room on the disk, then start again",
  SQLITE_IOERR: "see to the disk, then start again",
  SQLITE_READONLY: "let this user write it, or choose another --data-dir",
  SQLITE_CANTOPEN: "let this user write it, or choose another --data-dir",
  SQLITE_PERM: "let this user write it, or choose another --data-dir",
  SQLITE_BUSY: "end that program, then start again",
  SQLITE_LOCKED: "end that program, then start again",
  SQLITE_CORRUPT: "restore the data directory from a backup, or choose another --data-dir",
  SQLITE_NOTADB: "restore the data directory from a backup, or choose another --data-dir",
};

/** Why SQLite refused a start, and what to do; undefined for what is not the storage's fault. */
export function databaseAdvice(error: unknown): string | undefined {
  const code = codeOf(error);
  const known = Object.keys(REMEDIES).find((one) => isOf(code, one));
  const fault = storageFault(error);
  return fault && known ? `${fault}: ${REMEDIES[known]}` : fault;
}

/** The error of the {@link Journal} contract for one that SQLite threw; others pass unchanged. */
export function journalError(error: unknown): unknown {
  const code = codeOf(error);
  // A wrong type in a STRICT table is a bug of ours, not a conflict.
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

/** Whether a database was refused because a file beside it could not be made or written. */
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
