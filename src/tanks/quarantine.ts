/** Deaths of its thread within {@link FORGIVEN_AFTER_MS} that put a tank into quarantine. */
const BLAMES_MAX = 2;
/** A death counts from one again after so long without another. */
const FORGIVEN_AFTER_MS = 600_000;

/**
 * Decides whether one tank is kept out of the simulation because its thread died while working on
 * it. The first death may be chance: any tank may be current when memory runs out or the machine
 * stalls. The second puts the tank into quarantine, so that the other tanks of the thread run on.
 */
export class Quarantine {
  #blames = 0;
  #lastMs = 0;
  #reason: string | undefined;

  /** Why the tank is in quarantine; undefined while it is not. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** The thread died while it worked on this tank. */
  blame(message: string, nowMs: number): void {
    this.#blames = nowMs - this.#lastMs < FORGIVEN_AFTER_MS ? this.#blames + 1 : 1;
    this.#lastMs = nowMs;
    if (this.#blames < BLAMES_MAX) return;
    this.#reason =
      `its simulation thread failed repeatedly while working on it (${message}); ` +
      "resume it to try again";
  }

  /** Ends the quarantine. The next death renews it at once, as other tanks suffer from each. */
  lift(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#blames = BLAMES_MAX - 1;
    this.#reason = undefined;
  }
}
