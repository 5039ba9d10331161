import { GENE, TRAIT_CELLS } from "../heredity/genes.ts";
import { POKER_AVOID_EFFORT, POKER_BOLDNESS } from "../model.ts";
import { cellAt, type Grid } from "../state/grid.ts";
import { diceUnit, rollDice } from "../state/rng.ts";
import { DRIVE } from "./drive.ts";
import { hungerOf } from "./effort.ts";
import { POKER_WAY, pokerWay } from "./ways.ts";

const { aggression, pokerPriority, pokerSeekRadius, pokerAvoidRadius, pokerMinEnergy } = GENE;

/**
 * The third layer, now and then: fish go to the nearest other fish for a game, or keep away from
 * it. The passive do neither: they play with whoever comes.
 */
export function seekPoker(
  count: number,
  grid: Grid,
  x: Float64Array,
  y: Float64Array,
  size: Float64Array,
  energy: Float64Array,
  maxSpeed: Float64Array,
  age: Uint32Array,
  restUntil: Uint32Array,
  niche: Uint32Array,
  traits: Float32Array,
  dice: Uint32Array,
  wishX: Float64Array,
  wishY: Float64Array,
  drive: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    if (drive[i] !== DRIVE.idle) continue;
    const way = pokerWay(niche[i]);
    if (way === POKER_WAY.passive) continue;
    const avoids = way === POKER_WAY.avoid;
    if (!avoids && age[i] < restUntil[i]) continue;
    const row = i * TRAIT_CELLS;
    const wants = rollDice(dice[i]);
    const dares = rollDice(wants);
    dice[i] = dares;
    if (diceUnit(wants) >= traits[row + pokerPriority]) continue;
    const bold = traits[row + aggression];
    const hunger = hungerOf(energy[i], size[i]);
    if (!avoids && !dareToPlay(way, bold, hunger, traits[row + pokerMinEnergy], dares)) {
      continue;
    }
    const px = x[i];
    const py = y[i];
    const reach = traits[row + (avoids ? pokerAvoidRadius : pokerSeekRadius)];
    const other = nearestOther(grid, i, px, py, reach);
    if (other < 0) continue;
    drive[i] = DRIVE.poker;
    const dx = grid.xs[other] - px;
    const dy = grid.ys[other] - py;
    const distance = Math.sqrt(dx * dx + dy * dy);
    const pull = distance > 0 ? (maxSpeed[i] * gameEffort(way, bold)) / distance : 0;
    wishX[i] = dx * pull;
    wishY[i] = dy * pull;
  }
}

/** Whether it has the energy to look for a game, and the luck to feel like it. */
function dareToPlay(
  way: number,
  bold: number,
  hunger: number,
  least: number,
  dice: number,
): boolean {
  if (way === POKER_WAY.aggressive) return hunger >= POKER_BOLDNESS * least;
  return hunger >= least * (1.05 - 0.1 * bold) && diceUnit(dice) < 0.2 + 0.2 * bold;
}

/** Share of the top speed, towards the other fish; below 0 away from it (TW). */
function gameEffort(way: number, bold: number): number {
  if (way === POKER_WAY.avoid) return -POKER_AVOID_EFFORT;
  return way === POKER_WAY.aggressive ? 0.7 + 0.3 * bold : 0.5 + 0.2 * bold;
}

/** The place in the grid of the nearest other fish within `radius`, or −1. */
function nearestOther(grid: Grid, self: number, px: number, py: number, radius: number): number {
  const { columns, starts, slots, xs, ys } = grid;
  const first = cellAt(px - radius, columns);
  const last = cellAt(px + radius, columns);
  const bottom = cellAt(py + radius, grid.rows);
  let nearest = -1;
  let best = radius * radius;
  for (let row = cellAt(py - radius, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1];
    for (let at = starts[row * columns + first]; at < end; at++) {
      const dx = xs[at] - px;
      const dy = ys[at] - py;
      const square = dx * dx + dy * dy;
      if (square >= best || slots[at] === self) continue;
      best = square;
      nearest = at;
    }
  }
  return nearest;
}
