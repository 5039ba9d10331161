import { existsSync, statSync } from "node:fs";
import { messageOf, Problem } from "../../platform/errors.ts";
import { storageReason } from "../../platform/real/storage-failures.ts";
import type { JournalReads } from "../journal.ts";
import type { Watermark } from "../rows.ts";
import { Connection } from "./connection.ts";
import { BUSY_TIMEOUT_MS, migrateFrom, schemaVersion, unusable } from "./database.ts";
import { isUnopenable, openingFailure } from "./failures.ts";
import { SqliteReads } from "./reads.ts";
import { SCHEMA_STEPS } from "./schema.ts";
import { readWatermarks, watermarkPath } from "./watermark-file.ts";
import { listWatermarks } from "./watermarks.ts";

/** A read-only journal. A node may write to it at the same time. */
export interface JournalReader extends JournalReads {
  close(): void;
}

/** Limit for an older database, which is copied to memory and migrated there. */
const COPIED_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Opens the journal of a node read-only, whether the node runs or not, and even from a read-only
 * directory. Each read sees the latest commits. A journal of an older schema is read as of its
 * opening.
 * @throws Problem `data_directory_unusable` when there is none, or none that this version can read
 */
export function openSqliteReader(path: string): JournalReader {
  if (!existsSync(path)) throw unusable(`${path} is not there: no node has run on this directory.`);
  let database: Connection | undefined;
  try {
    database = connect(path);
    const version = schemaVersion(database, path);
    if (version === undefined) throw unusable(`${path} is empty: no node has run on it yet.`);
    if (version < SCHEMA_STEPS.length) {
      const copy = upToDateCopy(database, version, path);
      database.close();
      database = copy;
    }
    return new SqliteReader(database, watermarkPath(path));
  } catch (error) {
    database?.close();
    if (error instanceof Problem) throw error;
    const why = openingFailure(error, path) ?? storageReason(error) ?? messageOf(error);
    throw unusable(`${path} cannot be read: ${why}`, error);
  }
}

/**
 * SQLite needs a shared-memory file to read a write-ahead log, which a read-only directory may
 * lack, and which some file systems do not map. After a clean stop there is no log, and the
 * database can be read without it.
 */
function connect(path: string): Connection {
  const database = Connection.toRead(path);
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    database.run("SELECT 1 FROM sqlite_master");
    return database;
  } catch (error) {
    database.close();
    if (!isUnopenable(error)) throw error;
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    if (log === undefined || log.size === 0) return Connection.toReadUnlocked(path);
    throw unusable(
      `${path} was not closed cleanly and can only be read from a writable directory of a local ` +
        `file system: copy its whole directory to one, and name that.`,
      error,
    );
  }
}

function upToDateCopy(database: Connection, version: number, path: string): Connection {
  if (statSync(path).size > COPIED_BYTES_MAX) {
    throw unusable(
      `${path} has schema ${version}, this tankd has ${SCHEMA_STEPS.length}, and it is too large ` +
        "to be converted for reading: start this version of tankd on the directory once.",
    );
  }
  const copy = database.copy();
  try {
    migrateFrom(version, copy);
    return copy;
  } catch (error) {
    copy.close();
    throw error;
  }
}

class SqliteReader extends SqliteReads implements JournalReader {
  readonly #database: Connection;
  readonly #watermarkPath: string;
  readonly #position;

  constructor(database: Connection, path: string) {
    super(database);
    this.#database = database;
    this.#watermarkPath = path;
    this.#position = database.prepare<{ position: number }, []>("SELECT position FROM journal");
  }

  get position(): number {
    return this.#position.get()?.position ?? 0;
  }

  /** Reads the file as it is now: the writing node updates it with each commit. */
  async watermarks(): Promise<readonly Watermark[]> {
    const image = readWatermarks(this.#watermarkPath);
    return image ? listWatermarks(image) : [];
  }

  async watermark(tankId: string): Promise<Watermark | undefined> {
    return (await this.watermarks()).find((mark) => mark.tank_id === tankId);
  }

  close(): void {
    this.#database.close();
  }
}
