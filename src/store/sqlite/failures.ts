import { SQLiteError } from "bun:sqlite";
import { messageOf } from "../../platform/errors.ts";
import { JournalConflict, StorageUnavailable } from "../journal.ts";

/**
 * Primary result codes (sqlite.org/rescode.html) after which later writes may succeed, or an
 * operator has to make room or repair: the change is refused, the node lives on.
 */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  SQLITE_FULL: "the disk is full",
  SQLITE_IOERR: "the disk reports an error",
  SQLITE_READONLY: "the database is read-only",
  SQLITE_CANTOPEN: "the database cannot be opened",
  SQLITE_PERM: "access to the database is denied",
  SQLITE_BUSY: "another program holds the database",
  SQLITE_LOCKED: "another program holds the database",
  SQLITE_CORRUPT: "the database is damaged",
  SQLITE_NOTADB: "the database is damaged",
};

/** Why SQLite refused, as a clause for people; undefined for what is not the storage's fault. */
export function storageFault(error: unknown): string | undefined {
  const code = codeOf(error);
  const primary = Object.keys(UNAVAILABLE).find(
    (one) => code === one || code.startsWith(`${one}_`),
  );
  return primary && `${UNAVAILABLE[primary]} (${code})`;
}

/** The error of the {@link Journal} contract for one that SQLite threw; others pass unchanged. */
export function journalError(error: unknown): unknown {
  const code = codeOf(error);
  // A wrong type in a STRICT table is a bug of ours, not a conflict.
  if (code.startsWith("SQLITE_CONSTRAINT") && code !== "SQLITE_CONSTRAINT_DATATYPE") {
    return new JournalConflict(messageOf(error), { cause: error });
  }
  const fault = storageFault(error);
  return fault === undefined ? error : new StorageUnavailable(fault, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof SQLiteError ? (error.code ?? "") : "";
}
