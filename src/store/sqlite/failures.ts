import { SQLiteError } from "bun:sqlite";
import { messageOf } from "../../platform/errors.ts";
import {
  describeRefusal,
  LOCAL_REMEDY,
  refusedFeature,
} from "../../platform/real/file-system-refusals.ts";
import { openingFault } from "../../platform/real/opening-fault.ts";
import { storageAdvice, storageReason } from "../../platform/real/storage-failures.ts";
import { JournalConflict, StorageDamaged, StorageUnavailable } from "../journal.ts";

const FREE_SPACE = "free space on the disk, then start again";
const GIVE_ACCESS = "give this user write access, or choose another --data-dir";
const END_OTHER = "stop that program, then start again";
const OTHER_HAS_LOCKED = "another program has locked the database";

/**
 * Result codes (sqlite.org/rescode.html) after which later writes may succeed, possibly after an
 * operator has freed space or repaired something: the change is refused, the node runs on. Each
 * with its meaning, and with what to do before a node can start, as clauses for users.
 */
const UNAVAILABLE: Readonly<Record<string, readonly [meaning: string, remedy: string]>> = {
  SQLITE_FULL: ["the disk is full", FREE_SPACE],
  // There was no space for the index of the write-ahead log; SQLite has no better code for it.
  SQLITE_IOERR_SHMSIZE: ["the disk is full", FREE_SPACE],
  SQLITE_IOERR_NOMEM: ["the memory is used up", "free memory, then start again"],
  SQLITE_IOERR: ["the disk reports an error", "check the disk, then start again"],
  SQLITE_NOMEM: ["the memory is used up", "free memory, then start again"],
  SQLITE_READONLY: ["the database is read-only", GIVE_ACCESS],
  SQLITE_CANTOPEN: [
    "the database cannot be opened",
    `${GIVE_ACCESS}; raise ulimit -n if it is low`,
  ],
  SQLITE_PERM: ["access to the database is denied", GIVE_ACCESS],
  SQLITE_BUSY: [OTHER_HAS_LOCKED, END_OTHER],
  SQLITE_LOCKED: [OTHER_HAS_LOCKED, END_OTHER],
  SQLITE_PROTOCOL: [OTHER_HAS_LOCKED, END_OTHER],
};

/** The file differs from what SQLite has written. Only a backup helps. */
const DAMAGED = ["SQLITE_CORRUPT", "SQLITE_NOTADB"] as const;
const RESTORE = "restore the data directory from a backup, or choose another --data-dir";

/** The reason of a failure, as a clause for users; undefined when it is not the storage's. */
export function storageFault(error: unknown): string | undefined {
  const code = codeOf(error);
  if (isDamage(code)) return `the database is damaged (${code})`;
  const feature = refusedFeature(code);
  if (feature !== undefined) return `the file system refuses ${feature} (${code})`;
  const meaning = unavailable(code)?.[0];
  return meaning && `${meaning} (${code})`;
}

/** The reason of a failed opening, with what the system tells about the files. */
export function openingFailure(error: unknown, path: string): string | undefined {
  const code = codeOf(error);
  const feature = refusedFeature(code);
  if (feature !== undefined) return describeRefusal(feature, code, path);
  return fileFault(code, path, storageReason) ?? storageFault(error);
}

/** The reason of a failed start, and the remedy; undefined when it is not the storage's fault. */
export function databaseAdvice(error: unknown, path: string): string | undefined {
  const code = codeOf(error);
  const advice = fileFault(code, path, storageAdvice);
  if (advice !== undefined) return advice;
  const failure = openingFailure(error, path);
  const remedy = remedyOf(code);
  return failure && remedy ? `${failure}: ${remedy}` : failure;
}

function fileFault(
  code: string,
  path: string,
  describe: (error: unknown) => string | undefined,
): string | undefined {
  if (!isOf(code, "SQLITE_CANTOPEN")) return undefined;
  return openingFault([path, `${path}-wal`, `${path}-shm`], describe);
}

function remedyOf(code: string): string | undefined {
  if (isDamage(code)) return RESTORE;
  return refusedFeature(code) === undefined ? unavailable(code)?.[1] : LOCAL_REMEDY;
}

function unavailable(code: string): readonly [string, string] | undefined {
  const known = Object.keys(UNAVAILABLE).find((one) => isOf(code, one));
  return known === undefined ? undefined : UNAVAILABLE[known];
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

/** Whether opening failed because the directory takes no files, or maps no shared memory. */
export function isUnopenable(error: unknown): boolean {
  const code = codeOf(error);
  if (refusedFeature(code) !== undefined) return true;
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
