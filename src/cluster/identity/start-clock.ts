import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";

/** Later than every wall clock: the year 5138, in milliseconds. */
const FIRST_MS = 1e14;
/** Up to nine thousand years more, so that two starts share a moment only by chance. */
const BASE_BYTES = 6;

/**
 * A start clock is the time of one start of a node, by which requests to it are dated: the
 * monotonic clock plus a random offset. Nobody can set it, and every start has another one. So a
 * request that was signed for an earlier start is never fresh again, whatever the wall clock says
 * after a reboot.
 * @returns its offset from the monotonic clock, milliseconds
 */
export function drawStartOffset(clock: Pick<Clock, "monotonicMs">, random: Random): number {
  const base = random.bytes(BASE_BYTES).reduce((sum, byte) => sum * 256 + byte, 0);
  return Math.round(FIRST_MS + base - clock.monotonicMs());
}

/** Whether a request is dated by a start clock rather than a wall clock. Seconds. */
export function isByStartClock(created: number): boolean {
  return created >= FIRST_MS / 1000;
}
