import { messageOf, Problem } from "../../platform/errors.ts";
import { describeRefusal, LOCAL_REMEDY } from "../../platform/real/file-system-refusals.ts";
import { Connection } from "./connection.ts";
import { hasDamageNote, removeDamageNote } from "./damage-note.ts";
import { databaseAdvice } from "./failures.ts";
import { bytesIn, chooseCheckpoints, choosePageSize, repage } from "./pages.ts";
import { SCHEMA_STEPS } from "./schema.ts";

/** Another program, such as a backup, may hold the lock for a moment: wait this long. */
export const BUSY_TIMEOUT_MS = 1000;
/** The write-ahead log is truncated to this after a burst. */
const WAL_BYTES_KEPT = 16 * 1024 * 1024;
/**
 * The check reads the whole file: about 20 ms for this many bytes. A larger database would delay
 * every start, and is checked while the node runs.
 */
const CHECKED_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Opens the database: creates it when it is missing, migrates it when its schema is older. Calls
 * `onUnchecked` when it is too large to be checked for damage first. One in which damage was found
 * before is checked whatever its size.
 * @throws Problem `data_directory_unusable` when it is damaged, foreign, newer, or not writable.
 */
export function openDatabase(path: string, onUnchecked: () => void = () => {}): Connection {
  let database: Connection | undefined;
  try {
    database = Connection.toWrite(path);
    configure(database, path);
    const suspect = hasDamageNote(path);
    if (bytesIn(database) > CHECKED_BYTES_MAX && !suspect) onUnchecked();
    else refuseDamaged(database, path);
    if (suspect) removeDamageNote(path);
    migrate(database, path);
    repage(database);
    chooseCheckpoints(database);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof Problem) throw error;
    const why = databaseAdvice(error, path) ?? messageOf(error);
    throw unusable(`${path} cannot be used: ${why}`, error);
  }
}

/** Settings of a connection that writes. */
export function configure(database: Connection, path: string): void {
  // First, because switching to WAL already takes a lock.
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  choosePageSize(database);
  useWriteAheadLog(database, path);
  database.run("PRAGMA synchronous = FULL");
  // On macOS fsync leaves data in the drive's cache; elsewhere SQLite ignores these.
  database.run("PRAGMA fullfsync = ON");
  database.run("PRAGMA checkpoint_fullfsync = ON");
  database.run("PRAGMA foreign_keys = ON");
  database.run(`PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`);
}

/** SQLite leaves the mode as it is, without an error, where its driver has no shared memory. */
function useWriteAheadLog(database: Connection, path: string): void {
  const switched = database.prepare<{ journal_mode: string }, []>("PRAGMA journal_mode = WAL");
  const mode = switched.get()?.journal_mode;
  if (mode === "wal") return;
  const refusal = describeRefusal("shared memory", `journal_mode ${mode}`, path);
  throw unusable(`${path} cannot be used: ${refusal}: ${LOCAL_REMEDY}`);
}

/**
 * Throws Problem for a database that fails `integrity_check`. `quick_check` takes half as long, but
 * misses a flipped bit in an index, which can hide an existing transfer.
 */
export function refuseDamaged(database: Connection, path: string): void {
  const check = database.prepare<{ integrity_check: string }, []>("PRAGMA integrity_check(1)");
  const verdict = check.get()?.integrity_check;
  if (verdict !== "ok") {
    throw unusable(`${path} is damaged: ${verdict}. Restore it from a backup.`);
  }
}

function migrate(database: Connection, path: string): void {
  const version = schemaVersion(database, path);
  if (version === undefined) {
    database.transaction(() => {
      database.run("CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT");
      database.run("INSERT INTO schema_version VALUES (0)");
    });
  }
  migrateFrom(version ?? 0, database);
}

/** Runs the migration steps that are missing, each in its own transaction. */
export function migrateFrom(
  version: number,
  database: Connection,
  steps: readonly string[] = SCHEMA_STEPS,
): void {
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    database.transaction(() => {
      database.run(step);
      database.run("UPDATE schema_version SET version = ?", [index + 1]);
    });
  }
}

/**
 * The number of migration steps that were run before; undefined for an empty database.
 * @throws Problem for one that is newer, damaged or foreign
 */
export function schemaVersion(database: Connection, path: string): number | undefined {
  const tables = database
    .prepare<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all()
    .map((row) => row.name);
  if (tables.length === 0) return undefined;
  if (!tables.includes("schema_version")) {
    throw unusable(`${path} belongs to another program: choose another --data-dir.`);
  }
  const row = database.prepare<{ version: number }, []>("SELECT version FROM schema_version").get();
  if (!row) throw unusable(`${path} is damaged: its schema version is missing.`);
  if (row.version > SCHEMA_STEPS.length) {
    throw unusable(
      `${path} was written by a newer tankd (schema ${row.version}, this one supports ` +
        `${SCHEMA_STEPS.length}): use that version, or choose another --data-dir.`,
    );
  }
  return row.version;
}

/** The Problem of a database that no node can start on. */
export function unusable(message: string, cause?: unknown): Problem {
  return new Problem("data_directory_unusable", message, { cause });
}
