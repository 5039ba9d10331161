/** Deaths of its thread, one soon after the other, after which a tank is not let in again. */
const BLAMES_MAX = 2;
/** A tank that was well for so long is believed to be well. */
const FORGIVEN_AFTER_MS = 600_000;

/**
 * What is known of one tank and the deaths of its thread. The first time it may have been chance:
 * any tank may be at work when memory runs out or a machine stands still. The second time it is
 * kept out, so that the others of the thread run on.
 */
export class Quarantine {
  #blames = 0;
  #lastMs = 0;
  #reason: string | undefined;

  /** Why the tank is kept out, while it is. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** The thread died while it worked on this tank. */
  blame(message: string, nowMs: number): void {
    this.#blames = nowMs - this.#lastMs < FORGIVEN_AFTER_MS ? this.#blames + 1 : 1;
    this.#lastMs = nowMs;
    if (this.#blames < BLAMES_MAX) return;
    this.#reason =
      `it brings its simulation thread down again and again (${message}); ` +
      "resume it to try again";
  }

  /** Somebody wants it to be tried again: once, as the others pay for it. */
  lift(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#blames = BLAMES_MAX - 1;
    this.#reason = undefined;
  }
}
