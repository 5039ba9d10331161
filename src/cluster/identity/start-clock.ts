import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";

/** Beyond every wall clock: the year 5138, in milliseconds. */
const FIRST_MS = 1e14;
/** Up to nine thousand years more: two starts have no moment in common but by chance. */
const BASE_BYTES = 6;

/** Time that only the node that tells it can read. */
export interface OwnClock {
  /** Milliseconds. Never goes back. */
  nowMs(): number;
}

/** Whether a request is dated by a start clock, and not by a wall clock. Seconds. */
export function isByStartClock(created: number): boolean {
  return created >= FIRST_MS / 1000;
}

/**
 * The time of one start of a node, by which requests to it are dated: the monotonic clock, counted
 * from a random number. Nobody can set it, and another start has another one. So what was signed
 * for an earlier start is never fresh again, whatever the wall clock says after a reboot.
 */
export class StartClock implements OwnClock {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #baseMs: number;

  constructor(clock: Pick<Clock, "monotonicMs">, random: Random) {
    this.#clock = clock;
    const base = random.bytes(BASE_BYTES).reduce((sum, byte) => sum * 256 + byte, 0);
    this.#baseMs = FIRST_MS + base - clock.monotonicMs();
  }

  nowMs(): number {
    return this.#baseMs + this.#clock.monotonicMs();
  }
}
