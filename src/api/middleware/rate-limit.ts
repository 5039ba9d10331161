import { sourceKey } from "../../discovery/addresses.ts";
import type { Clock } from "../../platform/clock.ts";
import type { ApiMiddleware } from "../env.ts";
import { DetailedProblem } from "../problems.ts";

export interface RateLimitOptions {
  readonly clock: Clock;
  readonly requestsPerSecond: number;
  readonly burst: number;
  /** Addresses remembered; the one unseen longest gives way. */
  readonly addressesMax: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * A token bucket for each address: 429 with Retry-After when it is empty.
 * @example app.use(rateLimit({ clock, requestsPerSecond: 200, burst: 400, addressesMax: 4096 }))
 */
export function rateLimit(options: RateLimitOptions): ApiMiddleware {
  const buckets = new Map<string, Bucket>();
  return async function rateLimit(c, next) {
    const waitMs = take(buckets, sourceKey(c.env.remoteAddress), options);
    if (waitMs > 0) {
      throw new DetailedProblem("too_many", "Too many requests from your address; slow down", {
        headers: { "retry-after": String(Math.ceil(waitMs / 1000)) },
        members: { retry_after_ms: Math.ceil(waitMs) },
      });
    }
    await next();
  };
}

/** Takes one token; returns how long to wait for it when there is none. */
function take(buckets: Map<string, Bucket>, key: string, options: RateLimitOptions): number {
  const nowMs = options.clock.monotonicMs();
  const known = buckets.get(key) ?? { tokens: options.burst, atMs: nowMs };
  const refilled = known.tokens + ((nowMs - known.atMs) / 1000) * options.requestsPerSecond;
  const tokens = Math.min(options.burst, refilled);
  const granted = tokens >= 1;
  // Deleted and set again, so that the map's order is that of the last visit.
  buckets.delete(key);
  buckets.set(key, { tokens: granted ? tokens - 1 : tokens, atMs: nowMs });
  if (buckets.size > options.addressesMax) {
    const oldest = buckets.keys().next();
    if (!oldest.done) buckets.delete(oldest.value);
  }
  return granted ? 0 : ((1 - tokens) / options.requestsPerSecond) * 1000;
}
