import {
  BABY_BURN,
  BABY_TICKS,
  BURN_EXISTENCE,
  BURN_METABOLISM,
  BURN_SPRINT,
  BURN_SWIM,
  CAPACITY_PER_SIZE,
  ELDER_BURN,
  ELDER_SHARE,
  JUVENILE_TICKS,
  SPRINT_RATIO,
} from "../model.ts";

/** Size at an age: half of the grown size at birth, the whole after babyhood. */
export function sizeAt(age: number, girth: number): number {
  return age >= BABY_TICKS ? girth : girth * (0.5 + (0.5 * age) / BABY_TICKS);
}

export function capacityAt(age: number, girth: number): number {
  return CAPACITY_PER_SIZE * sizeAt(age, girth);
}

/** Age at which the elder stage begins. */
export function elderAge(lifespan: number): number {
  return lifespan - (lifespan - JUVENILE_TICKS) * ELDER_SHARE;
}

export function measureSizes(
  count: number,
  age: Uint32Array,
  girth: Float64Array,
  size: Float64Array,
): void {
  for (let i = 0; i < count; i++) size[i] = sizeAt(age[i], girth[i]);
}

/** What was burnt: see {@link metabolise}. */
export const BURNT = { existence: 0, metabolism: 1, movement: 2 } as const;

/**
 * Burns a tick's energy and ages every fish by one tick (TW core/energy/energy_component.py).
 * `activity` is that of the time of day. Adds what was burnt for what to `burnt`.
 */
export function metabolise(
  count: number,
  activity: number,
  size: Float64Array,
  metabolism: Float64Array,
  maxSpeed: Float64Array,
  lifespan: Uint32Array,
  vx: Float64Array,
  vy: Float64Array,
  age: Uint32Array,
  energy: Float64Array,
  burnt: Float64Array,
): void {
  let existed = 0;
  let rested = 0;
  let swum = 0;
  for (let i = 0; i < count; i++) {
    const ticks = age[i];
    const dx = vx[i];
    const dy = vy[i];
    const ratio = Math.sqrt(dx * dx + dy * dy) / maxSpeed[i];
    const girth = size[i];
    const sprint = Math.max(0, ratio - SPRINT_RATIO);
    const swim = girth * Math.sqrt(girth) * (BURN_SWIM * ratio + BURN_SPRINT * sprint * sprint);
    const stage = ticks < BABY_TICKS ? BABY_BURN : ticks >= elderAge(lifespan[i]) ? ELDER_BURN : 1;
    const exist = activity * BURN_EXISTENCE * girth;
    const rest = activity * BURN_METABOLISM * metabolism[i];
    const had = energy[i];
    const cost = stage * (exist + rest + swim);
    // Who has less than it costs pays for each in proportion.
    const share = cost > had ? (stage * had) / cost : stage;
    existed += share * exist;
    rested += share * rest;
    swum += share * swim;
    energy[i] = Math.max(0, had - cost);
    age[i] = ticks + 1;
  }
  burnt[BURNT.existence] = existed;
  burnt[BURNT.metabolism] = rested;
  burnt[BURNT.movement] = swum;
}
