interface Pair {
  readonly source_tank_id: string;
  readonly destination_tank_id: string;
}

interface Numbered extends Pair {
  readonly sequence: number;
}

/**
 * Numbers the transfers of each (source tank, destination tank) and knows the lowest one that is
 * not settled: below it the destination may forget.
 */
export class Sequences {
  readonly #last = new Map<string, number>();
  readonly #open = new Map<string, Set<number>>();

  /** `last`: the highest numbers ever committed. `open`: the transfers that wait for a decision. */
  load(last: readonly Numbered[], open: readonly Numbered[]): void {
    for (const row of last) this.#last.set(pairOf(row), row.sequence);
    for (const row of open) this.#openOf(row).add(row.sequence);
  }

  /**
   * The next number, undecided from this moment: a later transfer may be sent while this one's
   * commit is still under way, and must not declare it settled.
   */
  take(pair: Pair): number {
    const key = pairOf(pair);
    const sequence = (this.#last.get(key) ?? 0) + 1;
    this.#last.set(key, sequence);
    this.#openOf(pair).add(sequence);
    return sequence;
  }

  /** The transfer is decided, or was never committed. A gap in the numbers harms nobody. */
  settle(row: Numbered): void {
    const open = this.#open.get(pairOf(row));
    open?.delete(row.sequence);
    if (open?.size === 0) this.#open.delete(pairOf(row));
  }

  lowestUndecided(row: Numbered): number {
    let lowest = row.sequence;
    for (const sequence of this.#open.get(pairOf(row)) ?? []) lowest = Math.min(lowest, sequence);
    return lowest;
  }

  #openOf(pair: Pair): Set<number> {
    const key = pairOf(pair);
    const open = this.#open.get(key) ?? new Set();
    this.#open.set(key, open);
    return open;
  }
}

/** Names the two tanks of a transfer or a connection. */
export function pairOf(pair: Pair): string {
  return `${pair.source_tank_id} ${pair.destination_tank_id}`;
}
