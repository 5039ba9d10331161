import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";

/** Beyond every wall clock: the year 5138, in milliseconds. */
const FIRST_MS = 1e14;
/** Up to nine thousand years more: two starts have no moment in common but by chance. */
const BASE_BYTES = 6;

/**
 * A start clock is the time of one start of a node, by which requests to it are dated: the
 * monotonic clock, counted from a random number. Nobody can set it, and another start has another
 * one. So what was signed for an earlier start is never fresh again, whatever the wall clock says
 * after a reboot.
 * @returns what it shows more than the monotonic clock, milliseconds
 */
export function drawStartOffset(clock: Pick<Clock, "monotonicMs">, random: Random): number {
  const base = random.bytes(BASE_BYTES).reduce((sum, byte) => sum * 256 + byte, 0);
  return Math.round(FIRST_MS + base - clock.monotonicMs());
}

/** Whether a request is dated by a start clock, and not by a wall clock. Seconds. */
export function isByStartClock(created: number): boolean {
  return created >= FIRST_MS / 1000;
}
