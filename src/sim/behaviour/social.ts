import { GENE, TRAIT_CELLS } from "../heredity/genes.ts";
import {
  SCHOOL_RADIUS_FACTOR,
  SEPARATION_WEIGHT,
  SOCIAL_PRIORITY_MEAN,
  TIGHT_COHESION,
  TIGHT_SEPARATION,
} from "../model.ts";
import { cellAt, type Grid } from "../state/grid.ts";
import { DRIVE } from "./drive.ts";
import { cruiseEffort, hungerOf } from "./effort.ts";
import { SOCIAL_WAY, socialWay } from "./ways.ts";

const { social, socialDistance, socialPriority, cruise } = GENE;
const { cohesion, alignment, separation, followDistance } = GENE;

/** What is summed over the neighbours of one fish. */
const SUM = { near: 0, x: 1, y: 2, vx: 3, vy: 4, pushX: 5, pushY: 6, leaderX: 7, leaderY: 8 };
export const SUMS = 9;

/**
 * The fourth layer: fish near others school loosely or tightly (Reynolds 1987: towards the middle,
 * along the mean velocity, apart when too close), or follow the one that is furthest ahead of them.
 */
export function school(
  count: number,
  grid: Grid,
  x: Float64Array,
  y: Float64Array,
  vx: Float64Array,
  vy: Float64Array,
  size: Float64Array,
  energy: Float64Array,
  headingX: Float64Array,
  headingY: Float64Array,
  maxSpeed: Float64Array,
  niche: Uint32Array,
  traits: Float32Array,
  sums: Float64Array,
  wishX: Float64Array,
  wishY: Float64Array,
  drive: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    const way = socialWay(niche[i] as number);
    if (drive[i] !== DRIVE.idle || way === SOCIAL_WAY.solo) continue;
    const row = i * TRAIT_CELLS;
    const radius = companyRadius(traits, row);
    const tight = way === SOCIAL_WAY.tight;
    const apart = (traits[row + separation] as number) * (tight ? TIGHT_SEPARATION : 1);
    const hx = headingX[i] as number;
    const hy = headingY[i] as number;
    sumNeighbours(grid, i, x[i] as number, y[i] as number, radius, apart, hx, hy, vx, vy, sums);
    if (sums[SUM.near] === 0) continue;
    drive[i] = DRIVE.social;
    const hunger = hungerOf(energy[i] as number, size[i] as number);
    const top = maxSpeed[i] as number;
    const speed = top * cruiseEffort(traits[row + cruise] as number, hunger);
    if (way === SOCIAL_WAY.follow) follow(sums, traits[row + followDistance] as number);
    else flock(sums, traits, row, tight ? TIGHT_COHESION : 1, radius, top);
    // The own heading keeps a school going somewhere.
    const share = traits[row + social] as number;
    const wish = socialWish(sums[SUM.x] as number, hx, share, speed);
    wishX[i] = wish;
    wishY[i] = socialWish(sums[SUM.y] as number, hy, share, speed);
  }
}

function socialWish(pull: number, heading: number, share: number, speed: number): number {
  return speed * (share * pull + (1 - share) * heading);
}

/** How far it looks for company. */
function companyRadius(traits: Float32Array, row: number): number {
  const outgoing = 0.7 + 0.6 * (traits[row + social] as number);
  const priority = (traits[row + socialPriority] as number) / SOCIAL_PRIORITY_MEAN;
  const reach = SCHOOL_RADIUS_FACTOR * (traits[row + socialDistance] as number);
  return reach * outgoing * Math.min(1, priority);
}

/** Leaves the pull of the school in the sums of x and y. */
function flock(
  sums: Float64Array,
  traits: Float32Array,
  row: number,
  closeness: number,
  radius: number,
  top: number,
): void {
  const near = sums[SUM.near] as number;
  const inward = ((traits[row + cohesion] as number) * closeness) / (radius * near);
  const along = (traits[row + alignment] as number) / (top * near);
  sums[SUM.x] =
    (sums[SUM.x] as number) * inward +
    (sums[SUM.vx] as number) * along +
    (sums[SUM.pushX] as number);
  sums[SUM.y] =
    (sums[SUM.y] as number) * inward +
    (sums[SUM.vy] as number) * along +
    (sums[SUM.pushY] as number);
}

/** Leaves the pull towards the leader in the sums: none from nearer than it likes to follow. */
function follow(sums: Float64Array, distance: number): void {
  const dx = sums[SUM.leaderX] as number;
  const dy = sums[SUM.leaderY] as number;
  const length = Math.sqrt(dx * dx + dy * dy);
  const pull = length > distance ? 1 / length : 0;
  sums[SUM.x] = dx * pull + (sums[SUM.pushX] as number);
  sums[SUM.y] = dy * pull + (sums[SUM.pushY] as number);
}

/** Writes the sums over the fish within `radius`. */
function sumNeighbours(
  grid: Grid,
  self: number,
  px: number,
  py: number,
  radius: number,
  apart: number,
  hx: number,
  hy: number,
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
  let furthest = Number.NEGATIVE_INFINITY;
  let leaderX = 0;
  let leaderY = 0;
  for (let row = cellAt(py - radius, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1] as number;
    for (let at = starts[row * columns + first] as number; at < end; at++) {
      const dx = (xs[at] as number) - px;
      const dy = (ys[at] as number) - py;
      const square = dx * dx + dy * dy;
      if (square > reach) continue;
      const other = slots[at] as number;
      if (other === self) continue;
      near += 1;
      offsetX += dx;
      offsetY += dy;
      velocityX += vx[other] as number;
      velocityY += vy[other] as number;
      const ahead = dx * hx + dy * hy;
      if (ahead > furthest) {
        furthest = ahead;
        leaderX = dx;
        leaderY = dy;
      }
      if (square >= apart * apart || square === 0) continue;
      const away = SEPARATION_WEIGHT / Math.sqrt(square);
      pushX -= dx * away;
      pushY -= dy * away;
    }
  }
  sums[SUM.near] = near;
  sums[SUM.x] = offsetX;
  sums[SUM.y] = offsetY;
  sums[SUM.vx] = velocityX;
  sums[SUM.vy] = velocityY;
  sums[SUM.pushX] = pushX;
  sums[SUM.pushY] = pushY;
  sums[SUM.leaderX] = leaderX;
  sums[SUM.leaderY] = leaderY;
}
