import { sineOfTurn } from "../approximations.ts";
import type { Daylight } from "../types.ts";
import {
  ACTIVITY_MEAN,
  ACTIVITY_SWING,
  BRIGHTNESS_FLOOR,
  BRIGHTNESS_MEAN,
  BRIGHTNESS_SWING,
  DAWN_SIGHT,
  DAY_TICKS,
  DUSK_SIGHT,
  NIGHT_SIGHT,
  TWILIGHT,
} from "./habitat-model.ts";

/** The time of day in [0, 1): 0 is midnight, 0.25 sunrise, 0.5 noon, 0.75 sunset. */
export function timeOfDay(tick: number): number {
  return (tick % DAY_TICKS) / DAY_TICKS;
}

/** Height of the sun, −1 at midnight to 1 at noon: sin(2π(t − 0.25)), within 0.0011. */
export function sunHeight(time: number): number {
  return sineOfTurn(time - 0.25);
}

/**
 * Factor on existence and resting metabolism, 0.5 at midnight to 1 at noon (TW
 * core/time_system.py).
 */
export function activityAt(time: number): number {
  return ACTIVITY_MEAN + ACTIVITY_SWING * sunHeight(time);
}

/** Brightness of the water, 0.4 to 1 (TW core/time_system.py). */
export function brightnessAt(time: number): number {
  return Math.max(BRIGHTNESS_FLOOR, BRIGHTNESS_MEAN + BRIGHTNESS_SWING * sunHeight(time));
}

/** Factor on how far food is seen: low at night, whole by day, linear between (TW). */
export function detectionAt(time: number): number {
  const [nightEnds, dawnEnds] = DAWN_SIGHT;
  const [duskBegins, nightBegins] = DUSK_SIGHT;
  const morning = (time - nightEnds) / (dawnEnds - nightEnds);
  const evening = (nightBegins - time) / (nightBegins - duskBegins);
  const light = Math.min(1, Math.max(0, Math.min(morning, evening)));
  return NIGHT_SIGHT + (1 - NIGHT_SIGHT) * light;
}

/** The part of the day (TW core/time_system.py): twilight lies between night and day. */
export function phaseAt(time: number): Daylight["phase"] {
  const [nightEnds, nightBegins] = TWILIGHT.night;
  const [dayBegins, dayEnds] = TWILIGHT.day;
  if (time < nightEnds || time > nightBegins) return "night";
  if (time < dayBegins) return "dawn";
  return time < dayEnds ? "day" : "dusk";
}

/** The light at a tick, as a person sees it. */
export function daylightAt(tick: number): Daylight {
  const time = timeOfDay(tick);
  return { time, phase: phaseAt(time), brightness: brightnessAt(time) };
}
