import { Database } from "bun:sqlite";
import { join } from "node:path";

/** The file that is locked. Nothing is ever written to it. */
const LOCK_FILE = "lock";

/** Keeps the connections from being collected, which would release the locks. */
const held = new Set<Database>();

/** Releases a lock. The end of the process, however sudden, does the same. */
export type Release = () => void;

/**
 * Takes the exclusive lock of a directory, or returns undefined when another process has it.
 * SQLite's file lock is taken because it is the one that works on every system from the same code:
 * the kernel drops it with the process, so that no stale file can ever block a start.
 * @throws what the file system says when it cannot lock
 */
export function lockDirectory(directory: string): Release | undefined {
  const database = new Database(join(directory, LOCK_FILE), { create: true, readwrite: true });
  try {
    database.run("PRAGMA busy_timeout = 0");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof Error && "code" in error && error.code === "SQLITE_BUSY") return undefined;
    throw error;
  }
  held.add(database);
  return () => {
    if (held.delete(database)) database.close();
  };
}
