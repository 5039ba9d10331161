import { removeMarked } from "./arena.ts";
import {
  CROWD,
  CROWD_DENSE,
  ENERGY_FULL,
  ENERGY_HIGH,
  ENERGY_LOW,
  ENERGY_STARVED,
  FOOD_INTERVAL_TICKS,
  FOOD_KINDS,
  FOOD_SIDE_MARGIN,
  FOOD_SURFACE_MAX,
  FOOD_SURFACE_MIN,
  LIVE_KIND,
  LIVE_SHARE,
} from "./model.ts";
import { nextReal, nextUnit, STREAM, type Stream } from "./rng.ts";
import type { Tank } from "./tank.ts";

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
  const { counters, scale } = tank;
  counters.foodCredit += scale / foodInterval(energy / scale, counters.fish / scale);
  while (counters.foodCredit >= 1) {
    counters.foodCredit -= 1;
    if (counters.food < tank.arena.food.capacity) dropFood(tank, STREAM.food);
  }
}

/** One item at a random place below the surface. There must be room. */
export function dropFood(tank: Tank, stream: Stream): void {
  const { counters, food, arena, width } = tank;
  const { streams } = arena;
  const row = counters.food;
  const kind = drawKind(streams, stream);
  counters.food = row + 1;
  food.x[row] = nextReal(streams, stream, FOOD_SIDE_MARGIN, width - FOOD_SIDE_MARGIN);
  food.y[row] = nextReal(streams, stream, FOOD_SURFACE_MIN, FOOD_SURFACE_MAX);
  food.vx[row] = 0;
  food.vy[row] = 0;
  food.energy[row] = FOOD_KINDS[kind]?.energy ?? 0;
  food.kind[row] = kind;
  food.age[row] = 0;
  food.nudgeAt[row] = 1;
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

/** Takes out the items that are marked in the scratch. */
export function sweepFood(tank: Tank): void {
  const { counters, scratch } = tank;
  counters.food = removeMarked(tank.arena.food, scratch.foodMarks, counters.food);
}
