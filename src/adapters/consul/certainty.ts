import type { Clock } from "../../platform/clock.ts";

/** One instant by both clocks of this machine. */
export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function nowBy(clock: Clock): Instant {
  return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
}

/** The two clocks of one machine are read apart, and one of them is corrected now and then. */
const CLOCKS_APART_MS = 250;

/**
 * Until when something is certain that was so for `lastsMs` from `since` on, in monotonic
 * milliseconds. The monotonic clock does not count what a machine slept through (suspended, or
 * frozen as a virtual one); where the wall clock has, that much less is left.
 */
export function certainUntil(since: Instant, lastsMs: number, clock: Clock): number {
  const now = nowBy(clock);
  const sleptMs = now.wallMs - since.wallMs - (now.monotonicMs - since.monotonicMs);
  return since.monotonicMs + lastsMs - (sleptMs > CLOCKS_APART_MS ? sleptMs : 0);
}
