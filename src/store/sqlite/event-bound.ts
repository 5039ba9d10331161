import type { Connection } from "./connection.ts";

/**
 * Keeps `transfer_events` bounded: beyond the bound the oldest settled transfers lose their events,
 * which are only counted from then on. A share goes at once, so that this is rare and cheap.
 */
export class EventBound {
  readonly #eventsMax: number;
  readonly #transfersAtOnce: number;
  readonly #countAll: () => number;
  readonly #fold: (transfers: number) => number;
  #upperBound: number;

  constructor(database: Connection, eventsMax: number) {
    this.#eventsMax = eventsMax;
    this.#transfersAtOnce = Math.max(1, Math.floor(eventsMax / 100));
    const count = database.prepare<{ count: number }, []>(
      "SELECT COUNT(*) AS count FROM transfer_events",
    );
    this.#countAll = () => count.get()?.count ?? 0;
    this.#fold = prepareFold(database);
    this.#upperBound = this.#countAll();
  }

  /** To be called inside the transaction, after `added` events were written. */
  enforce(added: number): void {
    this.#upperBound += added;
    if (this.#upperBound <= this.#eventsMax) return;
    let count = this.#countAll();
    while (count > this.#eventsMax) {
      const folded = this.#fold(this.#transfersAtOnce);
      if (folded === 0) break;
      count -= folded;
    }
    this.#upperBound = count;
  }

  /** After a transaction that came to nothing: what it folded may be back, so count again. */
  distrust(): void {
    this.#upperBound = Number.POSITIVE_INFINITY;
  }
}

/** Removes the events of the oldest settled transfers and returns how many there were. */
function prepareFold(database: Connection): (transfers: number) => number {
  const remove = database.prepare(`
    DELETE FROM transfer_events WHERE transfer_id IN (
      SELECT transfer_id FROM transfer_events
      WHERE transfer_id NOT IN
        (SELECT transfer_id FROM outbox WHERE state IN ('pending', 'in_doubt'))
      GROUP BY transfer_id ORDER BY MIN(place) LIMIT ?)`);
  const remember = database.prepare(`
    INSERT INTO meta VALUES ('transfer_events_folded', ?)
    ON CONFLICT (key) DO UPDATE SET value = value + excluded.value`);
  return (transfers) => {
    const { changes } = remove.run(transfers);
    if (changes > 0) remember.run(String(changes));
    return changes;
  };
}
