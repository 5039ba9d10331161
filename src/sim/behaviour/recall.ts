import { GENE, TRAIT_CELLS } from "../heredity/genes.ts";
import { bestPlace, forget, isNear, MEMORY, type Memories, remember } from "../life/memory.ts";
import {
  DANGER_RADIUS,
  FOOD_DISTANCE_DISCOUNT,
  JUVENILE_TICKS,
  MATE_ENERGY_RATIO,
  MEMORY_MERGE,
} from "../model.ts";
import { DRIVE } from "./drive.ts";
import { cruiseEffort, hungerOf } from "./effort.ts";
import { POKER_WAY, pokerWay } from "./ways.ts";

const { cruise, urgency } = GENE;

/**
 * Notes where fish eat and where they flee. `grazing` tells feeders and plants from food that
 * drifts.
 */
export function noteEvents(
  count: number,
  x: Float64Array,
  y: Float64Array,
  age: Uint32Array,
  body: Uint32Array,
  drive: Uint8Array,
  grazing: Uint8Array,
  memories: Memories,
): void {
  for (let i = 0; i < count; i++) {
    const moved = drive[i];
    if (moved !== DRIVE.resting && moved !== DRIVE.threat) continue;
    const meal = grazing[i] === 0 ? MEMORY.food : MEMORY.feeder;
    const kind = moved === DRIVE.threat ? MEMORY.danger : meal;
    const ticks = age[i];
    remember(memories, body[i], kind, x[i], y[i], ticks);
  }
}

/**
 * Fish that nothing in sight draws head for where it was good before: the hungry for food, else
 * those ready to mate for where they mated, else those who look for games for where they won.
 * Places near a remembered danger are left alone; a place that one reaches in vain is forgotten.
 */
export function recallPlaces(
  count: number,
  x: Float64Array,
  y: Float64Array,
  size: Float64Array,
  energy: Float64Array,
  maxSpeed: Float64Array,
  age: Uint32Array,
  niche: Uint32Array,
  body: Uint32Array,
  traits: Float32Array,
  memories: Memories,
  wishX: Float64Array,
  wishY: Float64Array,
  drive: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    if (drive[i] !== DRIVE.idle) continue;
    const own = body[i];
    const row = i * TRAIT_CELLS;
    const px = x[i];
    const py = y[i];
    const ticks = age[i];
    const hunger = hungerOf(energy[i], size[i]);
    const hungry = hunger < traits[row + urgency];
    const cell = hungry
      ? placeToEat(memories, own, px, py, ticks)
      : placeToMeet(memories, own, px, py, ticks, hunger, pokerWay(niche[i]));
    if (cell < 0) continue;
    const dx = memories.memoryX[cell] - px;
    const dy = memories.memoryY[cell] - py;
    const distance = Math.sqrt(dx * dx + dy * dy);
    if (distance < MEMORY_MERGE) {
      forget(memories, cell);
      continue;
    }
    drive[i] = DRIVE.recall;
    const effort = cruiseEffort(traits[row + cruise], hunger);
    const pull = (maxSpeed[i] * effort) / distance;
    wishX[i] = dx * pull;
    wishY[i] = dy * pull;
  }
}

/** Feeders last, so they come first. */
function placeToEat(memories: Memories, body: number, x: number, y: number, age: number): number {
  const feeder = bestPlace(memories, body, MEMORY.feeder, x, y, age, FOOD_DISTANCE_DISCOUNT);
  const cell =
    feeder >= 0
      ? feeder
      : bestPlace(memories, body, MEMORY.food, x, y, age, FOOD_DISTANCE_DISCOUNT);
  return isSafe(memories, body, cell, age) ? cell : -1;
}

function placeToMeet(
  memories: Memories,
  body: number,
  x: number,
  y: number,
  age: number,
  hunger: number,
  way: number,
): number {
  const adult = age >= JUVENILE_TICKS && hunger >= MATE_ENERGY_RATIO;
  const mates = adult
    ? bestPlace(memories, body, MEMORY.mate, x, y, age, FOOD_DISTANCE_DISCOUNT)
    : -1;
  const plays = way === POKER_WAY.opportunistic || way === POKER_WAY.aggressive;
  const cell =
    mates < 0 && plays
      ? bestPlace(memories, body, MEMORY.table, x, y, age, FOOD_DISTANCE_DISCOUNT)
      : mates;
  return isSafe(memories, body, cell, age) ? cell : -1;
}

function isSafe(memories: Memories, body: number, cell: number, age: number): boolean {
  if (cell < 0) return false;
  const x = memories.memoryX[cell];
  const y = memories.memoryY[cell];
  return !isNear(memories, body, MEMORY.danger, x, y, age, DANGER_RADIUS);
}
