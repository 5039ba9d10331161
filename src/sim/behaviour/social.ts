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
    const way = socialWay(niche[i]);
    if (drive[i] !== DRIVE.idle || way === SOCIAL_WAY.solo) continue;
    const row = i * TRAIT_CELLS;
    const radius = companyRadius(traits, row);
    const tight = way === SOCIAL_WAY.tight;
    const apart = traits[row + separation] * (tight ? TIGHT_SEPARATION : 1);
    const hx = headingX[i];
    const hy = headingY[i];
    sumNeighbours(grid, i, x[i], y[i], radius, apart, hx, hy, vx, vy, sums);
    if (sums[SUM.near] === 0) continue;
    drive[i] = DRIVE.social;
    const hunger = hungerOf(energy[i], size[i]);
    const top = maxSpeed[i];
    const speed = top * cruiseEffort(traits[row + cruise], hunger);
    if (way === SOCIAL_WAY.follow) follow(sums, traits[row + followDistance]);
    else flock(sums, traits, row, tight ? TIGHT_COHESION : 1, radius, top);
    // The own heading keeps a school going somewhere.
    const share = traits[row + social];
    const wish = socialWish(sums[SUM.x], hx, share, speed);
    wishX[i] = wish;
    wishY[i] = socialWish(sums[SUM.y], hy, share, speed);
  }
}

function socialWish(pull: number, heading: number, share: number, speed: number): number {
  return speed * (share * pull + (1 - share) * heading);
}

/** How far it looks for company. */
function companyRadius(traits: Float32Array, row: number): number {
  const outgoing = 0.7 + 0.6 * traits[row + social];
  const priority = traits[row + socialPriority] / SOCIAL_PRIORITY_MEAN;
  const reach = SCHOOL_RADIUS_FACTOR * traits[row + socialDistance];
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
  const near = sums[SUM.near];
  const inward = (traits[row + cohesion] * closeness) / (radius * near);
  const along = traits[row + alignment] / (top * near);
  sums[SUM.x] = sums[SUM.x] * inward + sums[SUM.vx] * along + sums[SUM.pushX];
  sums[SUM.y] = sums[SUM.y] * inward + sums[SUM.vy] * along + sums[SUM.pushY];
}

/** Leaves the pull towards the leader in the sums: none from nearer than it likes to follow. */
function follow(sums: Float64Array, distance: number): void {
  const dx = sums[SUM.leaderX];
  const dy = sums[SUM.leaderY];
  const length = Math.sqrt(dx * dx + dy * dy);
  const pull = length > distance ? 1 / length : 0;
  sums[SUM.x] = dx * pull + sums[SUM.pushX];
  sums[SUM.y] = dy * pull + sums[SUM.pushY];
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
    const end = starts[row * columns + last + 1];
    for (let at = starts[row * columns + first]; at < end; at++) {
      const dx = xs[at] - px;
      const dy = ys[at] - py;
      const square = dx * dx + dy * dy;
      if (square > reach) continue;
      const other = slots[at];
      if (other === self) continue;
      near += 1;
      offsetX += dx;
      offsetY += dy;
      velocityX += vx[other];
      velocityY += vy[other];
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
