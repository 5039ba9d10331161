import type { Cancel, Timers } from "../platform/timers.ts";

/** A failed disk may recover within seconds; one that is gone for good is polled rarely. */
const DELAY_MS_MIN = 2000;
const DELAY_MS_MAX = 60_000;

/** Repeats an operation with exponential backoff until `succeeded` or `stop`. */
export class Retry {
  readonly #timers: Timers;
  readonly #again: () => void;
  #delayMs = DELAY_MS_MIN;
  #cancel: Cancel | undefined;

  constructor(timers: Timers, again: () => void) {
    this.#timers = timers;
    this.#again = again;
  }

  failed(): void {
    this.#cancel?.();
    this.#cancel = this.#timers.after(this.#delayMs, this.#again);
    this.#delayMs = Math.min(DELAY_MS_MAX, 2 * this.#delayMs);
  }

  succeeded(): void {
    this.stop();
    this.#delayMs = DELAY_MS_MIN;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
