import type { Connection } from "./connection.ts";
import { keepConnectionCounts } from "./connection-counts.ts";
import { foldRows } from "./transfer-tally.ts";

/**
 * Bounds the size of a table. Checks after each hundredth of the bound was added, and then removes
 * as much at once, so that checks are rare. If too few rows may be removed, the next check tries
 * again.
 */
export class RowBound {
  readonly #rowsMax: number;
  /** Rows added between two checks, and removed by one. */
  readonly #share: number;
  readonly #count: () => number;
  readonly #prune: (rows: number) => number;
  #added: number;

  /** `prune` removes up to that many of the oldest removable rows and returns their number. */
  constructor(rowsMax: number, count: () => number, prune: (rows: number) => number) {
    this.#rowsMax = rowsMax;
    this.#share = Math.max(1, Math.floor(rowsMax / 100));
    this.#count = count;
    this.#prune = prune;
    // The number of rows in a database that was just opened is unknown.
    this.#added = this.#share;
  }

  /** Call inside the transaction, after `added` rows were written. */
  enforce(added: number): void {
    if (added === 0) return;
    this.#added += added;
    if (this.#added < this.#share) return;
    this.#added = 0;
    let excess = this.#count() - (this.#rowsMax - this.#share);
    while (excess > 0) {
      const gone = this.#prune(excess);
      if (gone === 0) break;
      excess -= gone;
    }
  }

  /** Call after a rollback: the removed rows are back, so check again. */
  distrust(): void {
    this.#added = this.#share;
  }
}

function counter(database: Connection, table: string): () => number {
  const count = database.prepare<{ count: number }, []>(`SELECT COUNT(*) AS count FROM ${table}`);
  return () => count.get()?.count ?? 0;
}

/** Removes the events of the oldest settled transfers; only their number is kept. */
export function boundEvents(database: Connection, rowsMax: number): RowBound {
  const remove = database.prepare(`
    DELETE FROM transfer_events WHERE transfer_id IN (
      SELECT transfer_id FROM transfer_events
      WHERE transfer_id NOT IN
        (SELECT transfer_id FROM outbox WHERE state IN ('pending', 'in_doubt'))
      ORDER BY place LIMIT ?)`);
  const remember = database.prepare(`
    INSERT INTO meta VALUES ('transfer_events_folded', ?)
    ON CONFLICT (key) DO UPDATE SET value = value + excluded.value`);
  /**
   * Each transfer has several events, so half as many transfers suffice, or the next check removes
   * more.
   */
  const fold = (rows: number) => {
    const { changes } = remove.run(Math.ceil(rows / 2));
    if (changes > 0) remember.run(String(changes));
    return changes;
  };
  return new RowBound(rowsMax, counter(database, "transfer_events"), fold);
}

/** Removes settled rows, except the last of each pair of tanks, whose sequence continues. */
export function boundOutbox(database: Connection, rowsMax: number): RowBound {
  const outgrown = `SELECT place FROM outbox AS old NOT INDEXED
      WHERE state IN ('delivered', 'returned') AND EXISTS (
        SELECT 1 FROM outbox AS newer
        WHERE newer.source_tank_id = old.source_tank_id
          AND newer.destination_tank_id = old.destination_tank_id
          AND newer.sequence > old.sequence)
      ORDER BY place LIMIT ?`;
  const keepCounts = keepConnectionCounts(database, outgrown);
  const fold = foldRows(database, "outbox", outgrown);
  return new RowBound(rowsMax, counter(database, "outbox"), (rows) => {
    keepCounts(rows);
    return fold(rows);
  });
}

/** Removes decisions below the horizon of their pair; a late request for one gets `stale`. */
export function boundInbox(database: Connection, rowsMax: number): RowBound {
  // CROSS makes SQLite keep the order of arrival (sqlite.org/optoverview.html#crossjoin).
  const fold = foldRows(
    database,
    "inbox",
    `SELECT place FROM inbox CROSS JOIN horizons
        USING (source_node_id, source_tank_id, destination_tank_id)
      WHERE sequence < lowest_undecided ORDER BY place LIMIT ?`,
  );
  return new RowBound(rowsMax, counter(database, "inbox"), fold);
}
