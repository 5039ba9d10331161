import {
  CAPACITY_PER_SIZE,
  CRITICAL_RATIO,
  CRUISE_COMFORTABLE,
  CRUISE_CRITICAL,
  CRUISE_LOW,
  LOW_RATIO,
} from "../model.ts";

/** Energy as a share of what a fish of this size can hold. */
export function hungerOf(energy: number, size: number): number {
  return energy / (CAPACITY_PER_SIZE * size);
}

/** Share of the top speed at which a fish goes about what is not food (TW). */
export function cruiseEffort(cruise: number, hunger: number): number {
  if (hunger < CRITICAL_RATIO) return cruise * CRUISE_CRITICAL;
  return cruise * (hunger < LOW_RATIO ? CRUISE_LOW : CRUISE_COMFORTABLE);
}
