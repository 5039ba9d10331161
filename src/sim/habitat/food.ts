import {
  CROWD,
  CROWD_DENSE,
  ENERGY_FULL,
  ENERGY_HIGH,
  ENERGY_LOW,
  ENERGY_STARVED,
  FOOD_DEPTH_SHARE,
  FOOD_INTERVAL_TICKS,
  FOOD_KINDS,
  FOOD_SIDE_MARGIN,
  FOOD_SURFACE_MAX,
  FOOD_SURFACE_MIN,
  LIVE_KIND,
  LIVE_SHARE,
} from "../model.ts";
import { removeMarked } from "../state/arena.ts";
import { book, CAUSE } from "../state/energy-ledger.ts";
import { nextReal, nextUnit, STREAM, type Stream } from "../state/rng.ts";
import type { Tank } from "../state/tank.ts";

export const SINK = Float64Array.from(FOOD_KINDS, (kind) => kind.sink);

/**
 * Ticks between two food items of a reference tank: hungry tanks get more, full and crowded ones
 * less (TW core/systems/food_spawning.py).
 */
export function foodInterval(energy: number, fish: number): number {
  let factor = 1;
  if (energy < ENERGY_STARVED) factor = 0.25;
  else if (energy < ENERGY_LOW) factor = 0.33;
  else if (energy > ENERGY_FULL) factor = 2;
  else if (energy > ENERGY_HIGH) factor = 1.5;
  if (fish > CROWD_DENSE) factor *= 1.5;
  else if (fish > CROWD) factor *= 1.25;
  return Math.floor(FOOD_INTERVAL_TICKS * factor);
}

/** Drops what has become due in this tick. `energy` is that of all fish together. */
export function spawnFood(tank: Tank, energy: number): void {
  const { counters, scale, scratch } = tank;
  counters.foodCredit += scale / foodInterval(energy / scale, counters.fish / scale);
  while (counters.foodCredit >= 1) {
    counters.foodCredit -= 1;
    if (counters.food >= tank.foodCap) continue;
    book(scratch.flows, CAUSE.food_spawn, dropFood(tank, STREAM.food));
  }
}

/**
 * One item: live food hatches anywhere in the water, other food falls from the surface and opens at
 * a random depth. There must be room. Returns its energy.
 */
export function dropFood(tank: Tank, stream: Stream): number {
  const { counters, food, arena, width } = tank;
  const { streams } = arena;
  const row = counters.food;
  const kind = drawKind(streams, stream);
  const live = kind === LIVE_KIND;
  const energy = FOOD_KINDS[kind]?.energy ?? 0;
  const depth = nextReal(streams, stream, FOOD_SURFACE_MAX, FOOD_DEPTH_SHARE * tank.height);
  counters.food = row + 1;
  food.x[row] = nextReal(streams, stream, FOOD_SIDE_MARGIN, width - FOOD_SIDE_MARGIN);
  food.y[row] = live ? depth : nextReal(streams, stream, FOOD_SURFACE_MIN, FOOD_SURFACE_MAX);
  food.vx[row] = 0;
  food.vy[row] = 0;
  food.energy[row] = live ? energy : 0;
  food.closed[row] = live ? 0 : energy;
  food.opensAt[row] = live ? 0 : depth;
  food.kind[row] = kind;
  food.age[row] = 0;
  food.nudgeAt[row] = 1;
  return energy;
}

function drawKind(streams: Uint32Array, stream: Stream): number {
  if (nextUnit(streams, stream) < LIVE_SHARE) return LIVE_KIND;
  let left = nextUnit(streams, stream);
  for (const [kind, { weight }] of FOOD_KINDS.entries()) {
    left -= weight;
    if (left < 0) return kind;
  }
  return 0;
}

/** Takes out the items that are marked in the scratch; what was left of them is lost. */
export function sweepFood(tank: Tank): void {
  const { counters, food, scratch } = tank;
  let lost = 0;
  for (let row = 0; row < counters.food; row++) {
    if (scratch.foodMarks[row] === 0) continue;
    lost += food.energy[row] + food.closed[row];
  }
  book(scratch.flows, CAUSE.food_lost, lost);
  counters.food = removeMarked(tank.arena.food, scratch.foodMarks, counters.food);
}
