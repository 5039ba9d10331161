import type { Clock } from "../../platform/clock.ts";
import { loadTank, saveTank, step, type Tank } from "../../sim/index.ts";

/** The first ones bring the copy into the processor's caches. */
const WARM_UP_TICKS = 4;
/** The cheapest of so many stretches: something may come in between. */
const STRETCHES = 3;
const STRETCH_TICKS = 4;

/** Above this a cold start costs a tick little, and a trial would keep other tanks waiting. */
export const TRIAL_TICK_MS_MAX = 0.3;

/**
 * What a tick of this world costs in a replay, by running a copy of it on for some ticks. A tank
 * that ticks now and then always does so with cold caches: at 62 fish 86 µs at the least, where a
 * replay takes 7 to 13. By its own ticks it would look as if it were due for a snapshot ten times
 * as often.
 */
export function replayTickMs(world: Tank, clock: Clock): number {
  const copy = loadTank(saveTank(world));
  for (let tick = 0; tick < WARM_UP_TICKS; tick++) step(copy);
  let cheapestMs = Number.POSITIVE_INFINITY;
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const startedMs = clock.monotonicMs();
    for (let tick = 0; tick < STRETCH_TICKS; tick++) step(copy);
    cheapestMs = Math.min(cheapestMs, (clock.monotonicMs() - startedMs) / STRETCH_TICKS);
  }
  return cheapestMs;
}
