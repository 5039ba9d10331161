import { Database } from "bun:sqlite";
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { Problem } from "../errors.ts";
import { describeRefusal, LOCAL_REMEDY, refusedFeature } from "./file-system-refusals.ts";
import { openingFault } from "./opening-fault.ts";
import { removeFile } from "./remove-file.ts";
import { storageAdvice, systemCode } from "./storage-failures.ts";

/** The file that is locked. Nothing is ever written to it. */
const LOCK_FILE = "lock";

/** Prevents garbage collection of the connections, which would release the locks. */
const held = new Set<Database>();

/** Releases a lock. The end of the process, even by a crash, does the same. */
export type Release = () => void;

/**
 * Takes the exclusive lock of a directory, or returns undefined when another process has it. Uses
 * SQLite's file lock, since that is portable: the kernel releases it with the process, so that no
 * stale file can block a start.
 * @throws Problem `data_directory_unusable`, or the error of the file system when it cannot lock
 */
export function lockDirectory(directory: string): Release | undefined {
  const path = join(directory, LOCK_FILE);
  const database = lockOrExplain(path);
  if (database === undefined) {
    if (!hasLocks(directory)) throw cannotLock(directory, "file locks", "SQLITE_BUSY");
    return undefined;
  }
  held.add(database);
  return () => {
    if (held.delete(database)) database.close();
  };
}

function lockOrExplain(path: string): Database | undefined {
  try {
    return lock(path);
  } catch (error) {
    const code = systemCode(error);
    const feature = refusedFeature(code);
    if (feature !== undefined) throw cannotLock(dirname(path), feature, code);
    const fault = code === "SQLITE_CANTOPEN" ? openingFault([path], storageAdvice) : undefined;
    if (fault !== undefined) throw unusable(cannotBeUsed(dirname(path), fault), error);
    // A holder of the lock would have been detected before.
    if (code !== "SQLITE_NOTADB" && code !== "SQLITE_CORRUPT") throw error;
    const remedy = "remove it, and the next start creates a new one";
    throw unusable(`${path} is damaged: ${remedy}`, error);
  }
}

/** Locks a file. Returns undefined when SQLite takes it for locked by another process. */
function lock(path: string): Database | undefined {
  const database = new Database(path, { create: true, readwrite: true });
  try {
    database.run("PRAGMA busy_timeout = 0");
    database.run("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    if (systemCode(error) === "SQLITE_BUSY") return undefined;
    throw error;
  }
}

/**
 * Whether the file system has locks. Without them SQLite takes every file for locked, even one that
 * no other process knows.
 */
function hasLocks(directory: string): boolean {
  const path = join(directory, `${LOCK_FILE}.${randomUUID()}.tmp`);
  try {
    const database = lock(path);
    database?.close();
    return database !== undefined;
  } catch {
    // On a full disk, for example, the lock of the directory must be held by another process.
    return true;
  } finally {
    removeFile(path);
  }
}

function cannotLock(directory: string, feature: string, code: string): Problem {
  const refusal = describeRefusal(feature, code, directory);
  return unusable(cannotBeUsed(directory, `${refusal}: ${LOCAL_REMEDY}`));
}

function cannotBeUsed(directory: string, why: string): string {
  return `${directory} cannot be used as data directory: ${why}`;
}

function unusable(message: string, cause?: unknown): Problem {
  return new Problem("data_directory_unusable", message, { cause });
}
