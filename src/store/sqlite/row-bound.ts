import type { Connection } from "./connection.ts";

/**
 * Keeps a table bounded. It looks each time that a hundredth of the bound was added, and then takes
 * away as much at once, so that looking is rare. Where too few rows may go, it tries again then.
 */
export class RowBound {
  readonly #rowsMax: number;
  /** Rows added between two looks, and the room that a look makes. */
  readonly #share: number;
  readonly #count: () => number;
  readonly #prune: (rows: number) => number;
  #added: number;

  /** `prune` takes away that many of the oldest rows that may go, and returns how many went. */
  constructor(rowsMax: number, count: () => number, prune: (rows: number) => number) {
    this.#rowsMax = rowsMax;
    this.#share = Math.max(1, Math.floor(rowsMax / 100));
    this.#count = count;
    this.#prune = prune;
    // Nothing is known of a database that was just opened.
    this.#added = this.#share;
  }

  /** To be called inside the transaction, after `added` rows were written. */
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

  /** After a transaction that came to nothing: what it took away is back, so look again. */
  distrust(): void {
    this.#added = this.#share;
  }
}

function counter(database: Connection, table: string): () => number {
  const count = database.prepare<{ count: number }, []>(`SELECT COUNT(*) AS count FROM ${table}`);
  return () => count.get()?.count ?? 0;
}

/** The events of the oldest settled transfers go, and are only counted from then on. */
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
   * Each takes the other events of its transfer along: half as many are enough, or the next round
   * is.
   */
  const fold = (rows: number) => {
    const { changes } = remove.run(Math.ceil(rows / 2));
    if (changes > 0) remember.run(String(changes));
    return changes;
  };
  return new RowBound(rowsMax, counter(database, "transfer_events"), fold);
}

/** Settled rows go, but for the last of each pair of tanks: its sequence counts on. */
export function boundOutbox(database: Connection, rowsMax: number): RowBound {
  const remove = database.prepare(`
    DELETE FROM outbox WHERE place IN (
      SELECT place FROM outbox AS old NOT INDEXED
      WHERE state IN ('delivered', 'returned') AND EXISTS (
        SELECT 1 FROM outbox AS newer
        WHERE newer.source_tank_id = old.source_tank_id
          AND newer.destination_tank_id = old.destination_tank_id
          AND newer.sequence > old.sequence)
      ORDER BY place LIMIT ?)`);
  return new RowBound(rowsMax, counter(database, "outbox"), (rows) => remove.run(rows).changes);
}

/** Decisions below the horizon of their pair go: whoever still asks for one is told `stale`. */
export function boundInbox(database: Connection, rowsMax: number): RowBound {
  // CROSS keeps SQLite at the order of arrival (sqlite.org/optoverview.html#crossjoin).
  const remove = database.prepare(`
    DELETE FROM inbox WHERE place IN (
      SELECT place FROM inbox CROSS JOIN horizons
        USING (source_node_id, source_tank_id, destination_tank_id)
      WHERE sequence < lowest_undecided ORDER BY place LIMIT ?)`);
  return new RowBound(rowsMax, counter(database, "inbox"), (rows) => remove.run(rows).changes);
}
