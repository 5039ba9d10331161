import type { Random } from "../platform/random.ts";
import type { OutboxRow } from "../store/rows.ts";
import type { Answer } from "./courier.ts";

/** First pause after an answer that decided nothing; doubled each time. */
const backoffFirstMs = 500;
/**
 * Longest pause: a peer that returns is also noticed by the cluster, which wakes the waiting at
 * once.
 */
const backoffMaxMs = 30_000;
/**
 * How long a transfer asks to be taken before it asks to be aborted. Longer than a destination
 * needs to restart and recover its tanks, short enough that nobody misses a fish for long.
 */
const patienceMs = 60_000;

/** One fish between two tanks, with what is only known to the running process. */
export class Escrow {
  row: OutboxRow;
  /**
   * Heard and not yet on disk: from here on only the disk is tried again, never the destination.
   */
  decided: Answer | undefined;
  /** Set once the destination is asked to abort; the transfer itself is not offered again. */
  givingUp = false;
  readonly #since: number;
  #pauses = 0;
  #wake = new AbortController();

  constructor(row: OutboxRow, monotonicMs: number) {
    this.row = row;
    this.#since = monotonicMs;
  }

  /** Whether it is time to ask for an abort instead. */
  outOfPatience(monotonicMs: number, code: string): boolean {
    return code === "unknown_tank" || monotonicMs - this.#since >= patienceMs;
  }

  /** Exponential backoff with full jitter in its upper half, so that a crowd spreads out. */
  nextPauseMs(random: Random, atLeastMs: number): number {
    const ceilingMs = Math.min(backoffMaxMs, backoffFirstMs * 2 ** Math.min(this.#pauses, 10));
    this.#pauses++;
    return Math.max(atLeastMs, ceilingMs * (0.5 + random.unit() / 2));
  }

  /** Aborted when there is a reason not to wait any longer. */
  get waking(): AbortSignal {
    return this.#wake.signal;
  }

  wake(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }
}
