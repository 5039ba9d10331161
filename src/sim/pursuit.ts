import { GENE, GENE_CELLS } from "./genes.ts";
import { cellAt, type Grid } from "./grid.ts";
import {
  CAPACITY_PER_SIZE,
  CRITICAL_RATIO,
  FOOD_DISTANCE_DISCOUNT,
  LOW_RATIO,
  PREDICTION_FLOOR,
  PURSUIT_EFFORT,
  SAFE_RATIO,
  SIGHT_CRITICAL,
  SIGHT_HUNGRY,
  SIGHT_SATED,
  URGENCY_CRITICAL,
  URGENCY_LOW,
} from "./model.ts";

/** What moves a fish in a tick. */
export const DRIVE = { idle: 0, food: 1, resting: 2 } as const;

/**
 * Every fish looks for the item with the most energy for its distance, further the hungrier it is,
 * and wishes to swim where the item will be. Fish that stand at food keep resting; fish that see
 * none become idle.
 */
export function seekFood(
  count: number,
  grid: Grid,
  x: Float64Array,
  y: Float64Array,
  size: Float64Array,
  energy: Float64Array,
  sight: Float64Array,
  maxSpeed: Float64Array,
  body: Uint32Array,
  genes: Float32Array,
  foodVx: Float64Array,
  foodVy: Float64Array,
  foodEnergy: Float64Array,
  wishX: Float64Array,
  wishY: Float64Array,
  drive: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    if (drive[i] === DRIVE.resting) continue;
    const px = x[i] as number;
    const py = y[i] as number;
    const hunger = (energy[i] as number) / (CAPACITY_PER_SIZE * (size[i] as number));
    const range = Math.min(SIGHT_CRITICAL, (sight[i] as number) * chaseRange(hunger));
    const found = bestFood(grid, px, py, range, foodEnergy);
    drive[i] = found < 0 ? DRIVE.idle : DRIVE.food;
    if (found < 0) continue;
    const row = (body[i] as number) * GENE_CELLS;
    const top = maxSpeed[i] as number;
    const speed = top * pursuitEffort(genes, row, hunger);
    const item = grid.slots[found] as number;
    const dx = (grid.xs[found] as number) - px;
    const dy = (grid.ys[found] as number) - py;
    const skill = genes[row + GENE.prediction] as number;
    const lead =
      ((PREDICTION_FLOOR + (1 - PREDICTION_FLOOR) * skill) * Math.sqrt(dx * dx + dy * dy)) / top;
    const aimX = dx + (foodVx[item] as number) * lead;
    const aimY = dy + (foodVy[item] as number) * lead;
    const length = Math.sqrt(aimX * aimX + aimY * aimY);
    const pull = length > 0 ? speed / length : 0;
    wishX[i] = aimX * pull;
    wishY[i] = aimY * pull;
  }
}

function chaseRange(hunger: number): number {
  if (hunger < CRITICAL_RATIO) return SIGHT_CRITICAL;
  return hunger < SAFE_RATIO ? SIGHT_HUNGRY : SIGHT_SATED;
}

/** Share of the top speed that a fish puts into the pursuit. */
function pursuitEffort(genes: Float32Array, row: number, hunger: number): number {
  const eager = 1 + 0.4 * (genes[row + GENE.pursuitAggression] as number);
  const urgency = hunger < CRITICAL_RATIO ? URGENCY_CRITICAL : hunger < LOW_RATIO ? URGENCY_LOW : 1;
  const effort = PURSUIT_EFFORT * (genes[row + GENE.pursuitSpeed] as number) * eager * urgency;
  return Math.min(1, effort);
}

/** The grid place of the item in range with the highest energy/(1 + 0.02·distance), or −1. */
function bestFood(
  grid: Grid,
  px: number,
  py: number,
  range: number,
  foodEnergy: Float64Array,
): number {
  const { columns, starts, slots, xs, ys } = grid;
  const first = cellAt(px - range, columns);
  const last = cellAt(px + range, columns);
  const bottom = cellAt(py + range, grid.rows);
  const reach = range * range;
  let found = -1;
  let best = 0;
  for (let row = cellAt(py - range, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1] as number;
    for (let at = starts[row * columns + first] as number; at < end; at++) {
      const dx = (xs[at] as number) - px;
      const dy = (ys[at] as number) - py;
      const square = dx * dx + dy * dy;
      if (square > reach) continue;
      const value =
        (foodEnergy[slots[at] as number] as number) /
        (1 + FOOD_DISTANCE_DISCOUNT * Math.sqrt(square));
      if (value > best) {
        best = value;
        found = at;
      }
    }
  }
  return found;
}
