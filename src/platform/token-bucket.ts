import { BoundedMap } from "./bounded-map.ts";
import type { Clock } from "./clock.ts";

export interface TokenBucketBounds {
  readonly perSecond: number;
  /** Tokens of a full bucket, and of an unused one. */
  readonly burst: number;
  /** Number of buckets that are kept; the least recently used one is evicted. */
  readonly keysMax: number;
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/**
 * A token bucket for each key. Uses monotonic time, so that a jump of the wall clock has no effect.
 */
export class TokenBuckets {
  readonly #clock: Clock;
  readonly #bounds: TokenBucketBounds;
  readonly #buckets: BoundedMap<string, Bucket>;

  constructor(clock: Clock, bounds: TokenBucketBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#buckets = new BoundedMap(bounds.keysMax);
  }

  /**
   * Takes one token and returns 0, or takes none and returns the milliseconds until there is one.
   */
  take(key: string): number {
    const { perSecond, burst } = this.#bounds;
    const nowMs = this.#clock.monotonicMs();
    const { tokens: left, atMs } = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, left + ((nowMs - atMs) / 1000) * perSecond);
    const taken = tokens >= 1;
    this.#buckets.set(key, { tokens: taken ? tokens - 1 : tokens, atMs: nowMs });
    return taken ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1000);
  }
}

/** One bucket, for what comes too often to be looked up by a key: full at first. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #atMs: number;

  /** @param perSecond tokens, which is also what a full bucket has. */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#atMs = nowMs;
  }

  /** Takes one token; false when there is none. */
  take(nowMs: number): boolean {
    const gained = ((nowMs - this.#atMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + gained);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
