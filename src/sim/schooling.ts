import { GENE, GENE_CELLS } from "./genes.ts";
import { cellAt, type Grid } from "./grid.ts";
import {
  CAPACITY_PER_SIZE,
  CRITICAL_RATIO,
  LOW_RATIO,
  SCHOOL_RADIUS_FACTOR,
  SEPARATION_WEIGHT,
  WANDER_COMFORTABLE,
  WANDER_CRITICAL,
  WANDER_JITTER,
  WANDER_LOW,
} from "./model.ts";
import { DRIVE } from "./pursuit.ts";
import { diceUnit, rollDice } from "./rng.ts";

/** Idle fish drift along their heading, which turns a little each tick by the fish's own dice. */
export function wander(
  count: number,
  drive: Uint8Array,
  size: Float64Array,
  energy: Float64Array,
  maxSpeed: Float64Array,
  body: Uint32Array,
  genes: Float32Array,
  headingX: Float64Array,
  headingY: Float64Array,
  dice: Uint32Array,
  wishX: Float64Array,
  wishY: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    if (drive[i] !== DRIVE.idle) continue;
    const first = rollDice(dice[i] as number);
    const second = rollDice(first);
    dice[i] = second;
    const hx = (headingX[i] as number) + WANDER_JITTER * (2 * diceUnit(first) - 1);
    const hy = (headingY[i] as number) + WANDER_JITTER * (2 * diceUnit(second) - 1);
    // The jitter is far shorter than the unit heading, so the sum is never zero.
    const length = Math.sqrt(hx * hx + hy * hy);
    headingX[i] = hx / length;
    headingY[i] = hy / length;
    const hunger = (energy[i] as number) / (CAPACITY_PER_SIZE * (size[i] as number));
    const cruise = genes[(body[i] as number) * GENE_CELLS + GENE.cruise] as number;
    const speed = (maxSpeed[i] as number) * cruise * wanderEffort(hunger);
    wishX[i] = (headingX[i] as number) * speed;
    wishY[i] = (headingY[i] as number) * speed;
  }
}

function wanderEffort(hunger: number): number {
  if (hunger < CRITICAL_RATIO) return WANDER_CRITICAL;
  return hunger < LOW_RATIO ? WANDER_LOW : WANDER_COMFORTABLE;
}

/**
 * Idle fish school loosely: towards the middle of the fish around them, along their mean velocity,
 * and away from those that are too close (Reynolds 1987). `social_tendency` is the share that the
 * school has in the wish; wandering keeps the rest.
 */
export function school(
  count: number,
  grid: Grid,
  drive: Uint8Array,
  x: Float64Array,
  y: Float64Array,
  vx: Float64Array,
  vy: Float64Array,
  maxSpeed: Float64Array,
  body: Uint32Array,
  genes: Float32Array,
  sums: Float64Array,
  wishX: Float64Array,
  wishY: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    if (drive[i] !== DRIVE.idle) continue;
    const row = (body[i] as number) * GENE_CELLS;
    const social = genes[row + GENE.social] as number;
    const radius =
      SCHOOL_RADIUS_FACTOR * (genes[row + GENE.socialDistance] as number) * (0.7 + 0.6 * social);
    const px = x[i] as number;
    const py = y[i] as number;
    sumNeighbours(grid, i, px, py, radius, genes[row + GENE.separation] as number, vx, vy, sums);
    const near = sums[0] as number;
    if (near === 0) continue;
    const cohesion = (genes[row + GENE.cohesion] as number) / radius;
    const alignment = (genes[row + GENE.alignment] as number) / (maxSpeed[i] as number);
    const pullX = steer(
      sums[1] as number,
      sums[3] as number,
      sums[5] as number,
      near,
      cohesion,
      alignment,
    );
    const pullY = steer(
      sums[2] as number,
      sums[4] as number,
      sums[6] as number,
      near,
      cohesion,
      alignment,
    );
    const cruise = (maxSpeed[i] as number) * (genes[row + GENE.cruise] as number);
    wishX[i] = (1 - social) * (wishX[i] as number) + social * cruise * pullX;
    wishY[i] = (1 - social) * (wishY[i] as number) + social * cruise * pullY;
  }
}

/** One axis of the three rules: offsets and velocities summed over `near` fish, and the push apart. */
function steer(
  offset: number,
  velocity: number,
  push: number,
  near: number,
  cohesion: number,
  alignment: number,
): number {
  return (offset / near) * cohesion + (velocity / near) * alignment + push;
}

/** Writes count, Σ offset, Σ velocity and the push apart of the fish within `radius` into `sums`. */
function sumNeighbours(
  grid: Grid,
  self: number,
  px: number,
  py: number,
  radius: number,
  separation: number,
  vx: Float64Array,
  vy: Float64Array,
  sums: Float64Array,
): void {
  const { columns, starts, slots, xs, ys } = grid;
  const first = cellAt(px - radius, columns);
  const last = cellAt(px + radius, columns);
  const bottom = cellAt(py + radius, grid.rows);
  const reach = radius * radius;
  let near = 0;
  let offsetX = 0;
  let offsetY = 0;
  let velocityX = 0;
  let velocityY = 0;
  let pushX = 0;
  let pushY = 0;
  for (let row = cellAt(py - radius, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1] as number;
    for (let at = starts[row * columns + first] as number; at < end; at++) {
      const other = slots[at] as number;
      const dx = (xs[at] as number) - px;
      const dy = (ys[at] as number) - py;
      const square = dx * dx + dy * dy;
      if (square > reach || other === self) continue;
      near += 1;
      offsetX += dx;
      offsetY += dy;
      velocityX += vx[other] as number;
      velocityY += vy[other] as number;
      if (square >= separation * separation || square === 0) continue;
      const away = SEPARATION_WEIGHT / Math.sqrt(square);
      pushX -= dx * away;
      pushY -= dy * away;
    }
  }
  sums[0] = near;
  sums[1] = offsetX;
  sums[2] = offsetY;
  sums[3] = velocityX;
  sums[4] = velocityY;
  sums[5] = pushX;
  sums[6] = pushY;
}
