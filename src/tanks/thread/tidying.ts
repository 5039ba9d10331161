import type { Cancel, Timers } from "../../platform/timers.ts";

/** Delay after the last change: a start, or a class that creates its tanks, is over by then. */
const QUIET_MS = 5000;
/**
 * Fewer changes leave too little garbage to justify a collection, which stops all ticks: 10 to 20
 * ms for 150 tanks, and longer in proportion. So reassignments on a crowded thread cause none.
 */
const CHANGES_MIN = 8;
const CHANGES_SHARE_MIN = 0.25;

/**
 * Collects garbage after many tanks were loaded or unloaded: the collector's short cycles do not
 * free objects that have survived two of them, and a full cycle runs only when the heap has
 * doubled. 300 tanks at their cap took 642 kB each without it, 524 with it.
 */
export class Tidying {
  readonly #timers: Timers;
  readonly #collect: () => void;
  #changes = 0;
  #cancel: Cancel = () => {};

  constructor(timers: Timers, collect: () => void) {
    this.#timers = timers;
    this.#collect = collect;
  }

  /** A tank was loaded or unloaded; `tanks` are here now. */
  changed(tanks: number): void {
    this.#changes++;
    this.#cancel();
    if (this.#changes < Math.max(CHANGES_MIN, CHANGES_SHARE_MIN * tanks)) return;
    this.#cancel = this.#timers.after(QUIET_MS, () => {
      this.#changes = 0;
      this.#collect();
    });
  }

  stop(): void {
    this.#cancel();
  }
}
