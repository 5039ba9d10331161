import { existsSync } from "node:fs";
import { messageOf, Problem } from "../../platform/errors.ts";
import { storageReason } from "../../platform/real/storage-failures.ts";
import type { JournalReads } from "../journal.ts";
import type { Watermark } from "../rows.ts";
import { Connection } from "./connection.ts";
import { BUSY_TIMEOUT_MS, requirePresentSchema, unusable } from "./database.ts";
import { storageFault } from "./failures.ts";
import { SqliteReads } from "./reads.ts";
import { readWatermarks, watermarkPath } from "./watermark-file.ts";
import { listWatermarks } from "./watermarks.ts";

/** A journal that is only read, also beside the node that writes it. */
export interface JournalReader extends JournalReads {
  close(): void;
}

/**
 * Opens the journal of a node without ever writing to it, whether the node runs or not. Each read
 * sees what was committed by then.
 * @throws Problem `data_directory_unusable` when there is none, or none of this version.
 */
export function openSqliteReader(path: string): JournalReader {
  if (!existsSync(path)) throw unusable(`${path} is not there: no node has run on this directory.`);
  let database: Connection | undefined;
  try {
    database = new Connection(path, "read");
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    requirePresentSchema(database, path);
    return new SqliteReader(database, watermarkPath(path));
  } catch (error) {
    database?.close();
    if (error instanceof Problem) throw error;
    const why = storageFault(error) ?? storageReason(error) ?? messageOf(error);
    throw unusable(`${path} cannot be read: ${why}`, error);
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
