import { existsSync, statSync } from "node:fs";
import { messageOf, Problem } from "../../platform/errors.ts";
import { storageReason } from "../../platform/real/storage-failures.ts";
import type { JournalReads } from "../journal.ts";
import type { Watermark } from "../rows.ts";
import { Connection } from "./connection.ts";
import { BUSY_TIMEOUT_MS, migrateFrom, schemaVersion, unusable } from "./database.ts";
import { isUnopenable, storageFault } from "./failures.ts";
import { SqliteReads } from "./reads.ts";
import { SCHEMA_STEPS } from "./schema.ts";
import { readWatermarks, watermarkPath } from "./watermark-file.ts";
import { listWatermarks } from "./watermarks.ts";

/** A journal that is only read, also beside the node that writes it. */
export interface JournalReader extends JournalReads {
  close(): void;
}

/** An older database is brought up to date in memory, which a larger one might not have. */
const COPIED_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Opens the journal of a node without ever writing to it, whether the node runs or not, also from a
 * directory that cannot be written to. Each read sees what was committed by then. One of an older
 * schema is read as it was when it was opened.
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
    const why = storageFault(error) ?? storageReason(error) ?? messageOf(error);
    throw unusable(`${path} cannot be read: ${why}`, error);
  }
}

/**
 * SQLite reads a write-ahead log through a file beside it, which a read-only directory may not
 * have. With the log written back, as a clean stop leaves it, the database can do without.
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
      `${path} was not closed, and can only be read where files may be written: copy its whole ` +
        "directory to such a place, and give that.",
      error,
    );
  }
}

function upToDateCopy(database: Connection, version: number, path: string): Connection {
  if (statSync(path).size > COPIED_BYTES_MAX) {
    throw unusable(
      `${path} has schema ${version}, this tankd has ${SCHEMA_STEPS.length}, and it is too large ` +
        "to be converted for a look: start this version of tankd on the directory once.",
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

  /** Of the file as it is now: the node that writes to it remembers more with each commit. */
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
