import { Database } from "bun:sqlite";
import { join } from "node:path";
import { Problem } from "../errors.ts";
import { systemCode } from "./storage-failures.ts";

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
 * @throws the error of the file system when it cannot lock
 */
export function lockDirectory(directory: string): Release | undefined {
  const database = new Database(join(directory, LOCK_FILE), { create: true, readwrite: true });
  try {
    database.run("PRAGMA busy_timeout = 0");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    const code = systemCode(error);
    if (code === "SQLITE_BUSY") return undefined;
    // A holder of the lock would have been detected before.
    if (code !== "SQLITE_NOTADB" && code !== "SQLITE_CORRUPT") throw error;
    throw new Problem(
      "data_directory_unusable",
      `${join(directory, LOCK_FILE)} is damaged: remove it, and the next start creates a new one`,
      { cause: error },
    );
  }
  held.add(database);
  return () => {
    if (held.delete(database)) database.close();
  };
}
