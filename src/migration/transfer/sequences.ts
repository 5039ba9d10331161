interface Pair {
  readonly source_tank_id: string;
  readonly destination_tank_id: string;
}

interface Numbered extends Pair {
  readonly sequence: number;
}

/**
 * Numbers the transfers of each (source tank, destination tank) and tracks the lowest unsettled
 * one: the destination may forget those below it.
 */
export class Sequences {
  readonly #last = new Map<string, number>();
  readonly #open = new Map<string, Set<number>>();

  /** `last`: the highest numbers ever committed. `open`: the transfers without a decision. */
  load(last: readonly Numbered[], open: readonly Numbered[]): void {
    for (const row of last) this.#last.set(pairOf(row), row.sequence);
    for (const row of open) this.#openOf(row).add(row.sequence);
  }

  /**
   * The next number, which counts as undecided from now on: a later transfer may be sent during
   * this one's commit, and must not declare it settled.
   */
  take(pair: Pair): number {
    const key = pairOf(pair);
    const sequence = (this.#last.get(key) ?? 0) + 1;
    this.#last.set(key, sequence);
    this.#openOf(pair).add(sequence);
    return sequence;
  }

  /** The transfer is decided, or was never committed. Gaps in the numbers are harmless. */
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

/** Key of the two tanks of a transfer or a connection. */
export function pairOf(pair: Pair): string {
  return `${pair.source_tank_id} ${pair.destination_tank_id}`;
}
