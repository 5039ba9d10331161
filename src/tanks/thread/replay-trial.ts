import type { Clock } from "../../platform/clock.ts";
import { loadTank, saveTank, step, type Tank } from "../../sim/index.ts";

/** Warms the processor's caches with the copy. */
const WARM_UP_TICKS = 4;
/** Measurements; the cheapest counts, as others may be interrupted. */
const STRETCHES = 3;
const STRETCH_TICKS = 4;

/** Above this, cold caches matter little, and a trial would delay other tanks. */
export const TRIAL_TICK_MS_MAX = 0.3;

/**
 * Measures the CPU time of a tick of this world in a replay, by running a copy for some ticks. A
 * paced tank always ticks with cold caches: at 62 fish at least 86 µs, where a replay takes 7 to
 * 13. Judged by its own ticks, a tank would be due for a snapshot ten times as often.
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
