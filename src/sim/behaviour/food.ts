import { GENE, TRAIT_CELLS } from "../heredity/genes.ts";
import {
  CRITICAL_RATIO,
  FOOD_DISTANCE_DISCOUNT,
  FOOD_ENERGY_MAX,
  FOOD_PRIORITY_MEAN,
  GRID_CELL,
  LOW_RATIO,
  PREDICTION_FLOOR,
  PURSUIT_EFFORT,
  SAFE_RATIO,
  SIGHT_CRITICAL,
  SIGHT_HUNGRY,
  SIGHT_SATED,
  URGENCY_CRITICAL,
  URGENCY_LOW,
} from "../model.ts";
import { cellAt, type Grid, shownIn } from "../state/grid.ts";
import { approach } from "./approach.ts";
import { DRIVE } from "./drive.ts";
import { hungerOf } from "./effort.ts";
import { FOOD_WAY, foodWay } from "./ways.ts";

const { prediction, interceptSkill, pursuitAggression, pursuitSpeed, stamina } = GENE;
const { foodPriority, urgency, burstSpeed, burstTicks, restTicks } = GENE;

/**
 * The second layer: a fish goes for the item with the most energy for its distance, in its own way;
 * it looks further the hungrier it is. Fish that eat keep resting; fish that see nothing stay idle.
 */
export function seekFood(
  count: number,
  grid: Grid,
  detection: number,
  x: Float64Array,
  y: Float64Array,
  size: Float64Array,
  energy: Float64Array,
  sight: Float64Array,
  maxSpeed: Float64Array,
  age: Uint32Array,
  niche: Uint32Array,
  traits: Float32Array,
  foodVx: Float64Array,
  foodVy: Float64Array,
  foodEnergy: Float64Array,
  wishX: Float64Array,
  wishY: Float64Array,
  drive: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    if (drive[i] !== DRIVE.idle) continue;
    const px = x[i];
    const py = y[i];
    const row = i * TRAIT_CELLS;
    const hunger = hungerOf(energy[i], size[i]);
    const seen = SIGHT_CRITICAL * detection * sight[i];
    const range = Math.min(seen, chaseRange(traits, row, hunger));
    const found = bestFood(grid, px, py, range, foodEnergy);
    if (found < 0) continue;
    drive[i] = DRIVE.food;
    const way = foodWay(niche[i]);
    const top = maxSpeed[i];
    const item = grid.slots[found];
    const dx = grid.xs[found] - px;
    const dy = grid.ys[found] - py;
    const skill = skillOf(traits, row, way);
    const lead = (skill * Math.sqrt(dx * dx + dy * dy)) / top;
    const aimX = dx + foodVx[item] * lead;
    const aimY = dy + foodVy[item] * lead;
    const ticks = age[i];
    const speed = top * pursuitEffort(traits, row, hunger, ticks);
    approach(i, way, aimX, aimY, speed, top, ticks, traits, row, wishX, wishY);
  }
}

/** How far it pursues (TW); food_priority stretches the range of those that are not hungry. */
function chaseRange(traits: Float32Array, row: number, hunger: number): number {
  if (hunger < CRITICAL_RATIO) return SIGHT_CRITICAL;
  if (hunger < SAFE_RATIO) return SIGHT_HUNGRY;
  return (SIGHT_SATED * traits[row + foodPriority]) / FOOD_PRIORITY_MEAN;
}

/** Share of the way that the item will go until the fish is there. */
function skillOf(traits: Float32Array, row: number, way: number): number {
  const gene = way === FOOD_WAY.intercept ? interceptSkill : prediction;
  return PREDICTION_FLOOR + (1 - PREDICTION_FLOOR) * traits[row + gene];
}

/** Share of the top speed that a fish puts into the pursuit; the hungry sprint in bursts. */
function pursuitEffort(traits: Float32Array, row: number, hunger: number, ticks: number): number {
  const eager = 1 + 0.4 * traits[row + pursuitAggression];
  const lasting = 1 + 0.3 * Math.max(0, traits[row + stamina] - 0.5);
  const hungry = hunger < CRITICAL_RATIO ? URGENCY_CRITICAL : hunger < LOW_RATIO ? URGENCY_LOW : 1;
  const effort = PURSUIT_EFFORT * traits[row + pursuitSpeed] * eager * lasting * hungry;
  if (hunger >= traits[row + urgency]) return effort;
  const burst = traits[row + burstTicks];
  const cycle = burst + traits[row + restTicks];
  // Not `%`, which is slow for reals.
  const phase = ticks - cycle * Math.floor(ticks / cycle);
  return phase < burst ? effort * traits[row + burstSpeed] : effort;
}

/**
 * The grid place of the item in range with the highest energy/(1 + 0.02·distance), or −1. Rows of
 * cells are searched from the nearest outwards, and only as far as an item could still be better.
 */
function bestFood(
  grid: Grid,
  px: number,
  py: number,
  range: number,
  foodEnergy: Float64Array,
): number {
  const { rows } = grid;
  bestReach = range;
  bestValue = 0;
  bestSlot = -1;
  const shown = shownIn(grid);
  if (shown <= FEW) {
    searchRun(grid, 0, shown, px, py, foodEnergy);
    return bestSlot;
  }
  const middle = cellAt(py, rows);
  const first = cellAt(px - range, grid.columns);
  const last = cellAt(px + range, grid.columns);
  searchRow(grid, middle, first, last, px, py, foodEnergy);
  for (let away = 1; away < rows; away++) {
    const above = middle - away;
    const below = middle + away;
    const abovePy = py - (above + 1) * GRID_CELL;
    const belowPy = below * GRID_CELL - py;
    if (abovePy > bestReach && belowPy > bestReach) break;
    if (above >= 0 && abovePy <= bestReach) searchRow(grid, above, first, last, px, py, foodEnergy);
    if (below < rows && belowPy <= bestReach)
      searchRow(grid, below, first, last, px, py, foodEnergy);
  }
  return bestSlot;
}

/** So few items are looked at one by one. */
const FEW = 24;
/**
 * The best item so far of the search under way: its value, its slot, and how far better ones may
 * be.
 */
let bestValue = 0;
let bestSlot = -1;
let bestReach = 0;

function searchRow(
  grid: Grid,
  row: number,
  first: number,
  last: number,
  px: number,
  py: number,
  foodEnergy: Float64Array,
): void {
  const { columns, starts } = grid;
  const from = starts[row * columns + first];
  const end = starts[row * columns + last + 1];
  if (from < end) searchRun(grid, from, end, px, py, foodEnergy);
}

function searchRun(
  grid: Grid,
  from: number,
  end: number,
  px: number,
  py: number,
  foodEnergy: Float64Array,
): void {
  const { slots, xs, ys } = grid;
  let reach = bestReach;
  let best = bestValue;
  let found = bestSlot;
  for (let at = from; at < end; at++) {
    const dx = xs[at] - px;
    const dy = ys[at] - py;
    const square = dx * dx + dy * dy;
    if (square > reach * reach) continue;
    const value = foodEnergy[slots[at]] / (1 + FOOD_DISTANCE_DISCOUNT * Math.sqrt(square));
    if (value <= best) continue;
    best = value;
    found = at;
    reach = Math.min(reach, (FOOD_ENERGY_MAX / best - 1) / FOOD_DISTANCE_DISCOUNT);
  }
  bestReach = reach;
  bestValue = best;
  bestSlot = found;
}
