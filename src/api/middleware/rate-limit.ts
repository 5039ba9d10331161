import { sourceKey } from "../../discovery/addresses.ts";
import type { Clock } from "../../platform/clock.ts";
import { TokenBuckets } from "../../platform/token-bucket.ts";
import type { ApiMiddleware } from "../env.ts";
import { DetailedProblem } from "../problems.ts";

export interface RateLimitOptions {
  readonly clock: Clock;
  readonly requestsPerSecond: number;
  readonly burst: number;
  /** Number of remembered addresses; the least recently seen one is evicted. */
  readonly addressesMax: number;
}

/**
 * A token bucket for each address: 429 with Retry-After when it is empty.
 * @example app.use(rateLimit({ clock, requestsPerSecond: 200, burst: 400, addressesMax: 4096 }))
 */
export function rateLimit(options: RateLimitOptions): ApiMiddleware {
  const buckets = new TokenBuckets(options.clock, {
    perSecond: options.requestsPerSecond,
    burst: options.burst,
    keysMax: options.addressesMax,
  });
  return async function rateLimit(c, next) {
    const waitMs = buckets.take(sourceKey(c.env.remoteAddress));
    if (waitMs > 0) {
      throw new DetailedProblem("too_many", "Too many requests from your address; slow down", {
        headers: { "retry-after": String(Math.ceil(waitMs / 1000)) },
        members: { retry_after_ms: waitMs },
      });
    }
    await next();
  };
}
