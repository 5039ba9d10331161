import type { RegistryStore } from "../journal.ts";
import type { Connection } from "./connection.ts";
import { journalError } from "./failures.ts";

/**
 * The registry. It is soft state, written at every heartbeat, so its writes are not synced: a power
 * cut may lose the last ones, and cannot damage the journal.
 */
export class SqliteRegistry implements RegistryStore {
  readonly #database: Connection;
  readonly #load;
  readonly #put;
  readonly #remove;

  constructor(database: Connection) {
    this.#database = database;
    this.#load = database.prepare<{ node_id: string; record: string }, []>(
      "SELECT node_id, record FROM registry ORDER BY node_id",
    );
    this.#put = database.prepare(
      "INSERT INTO registry VALUES (?, " +
        "?) ON CONFLICT (node_id) DO UPDATE SET record = excluded.record",
    );
    this.#remove = database.prepare("DELETE FROM registry WHERE node_id = ?");
  }

  async load(): Promise<readonly { node_id: string; record: string }[]> {
    return this.#load.all();
  }

  async put(nodeId: string, record: string): Promise<void> {
    this.#unsynced(() => this.#put.run(nodeId, record));
  }

  async remove(nodeId: string): Promise<void> {
    this.#unsynced(() => this.#remove.run(nodeId));
  }

  /** In WAL, NORMAL syncs at checkpoints only (sqlite.org/pragma.html#pragma_synchronous). */
  #unsynced(write: () => void): void {
    try {
      this.#database.run("PRAGMA synchronous = NORMAL");
      write();
    } catch (error) {
      throw journalError(error);
    } finally {
      this.#database.run("PRAGMA synchronous = FULL");
    }
  }
}
