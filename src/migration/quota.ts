import type { Clock } from "../platform/clock.ts";

/**
 * A token bucket for each key. Time is monotonic, so that a clock that jumps neither opens the
 * gates nor closes them.
 */
export class Quota {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #keysMax: number;
  /** In the order of last use: the key unused for longest gives way. */
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(
    clock: Clock,
    bounds: { readonly perSecond: number; readonly burst: number; readonly keysMax: number },
  ) {
    this.#clock = clock;
    this.#perSecond = bounds.perSecond;
    this.#burst = bounds.burst;
    this.#keysMax = bounds.keysMax;
  }

  /** Takes one token and returns 0, or takes none and returns the milliseconds until there is one. */
  take(key: string): number {
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, atMs: nowMs };
    const earned = ((nowMs - bucket.atMs) / 1000) * this.#perSecond;
    const tokens = Math.min(this.#burst, bucket.tokens + earned);
    const taken = tokens >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: taken ? tokens - 1 : tokens, atMs: nowMs });
    this.#forgetOldest();
    return taken ? 0 : Math.ceil(((1 - tokens) / this.#perSecond) * 1000);
  }

  #forgetOldest(): void {
    if (this.#buckets.size <= this.#keysMax) return;
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}
