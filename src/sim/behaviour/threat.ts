import { GENE, TRAIT_CELLS } from "../heredity/genes.ts";
import { FREEZE_DRIFT, THREAT_PRIORITY_MEAN, THREAT_RANGE } from "../model.ts";
import { cellAt, type Grid } from "../state/grid.ts";
import { diceUnit, rollDice } from "../state/rng.ts";
import { DRIVE } from "./drive.ts";
import { cruiseEffort, hungerOf } from "./effort.ts";
import { THREAT_WAY, threatWay } from "./ways.ts";

const { aggression, threatPriority, fleeThreshold, fleeSpeed, stealthSpeed } = GENE;
const { freezeDistance, erraticAmplitude, cruise } = GENE;

/** Notes for each fish the nearest crab within 200 px as 1 + its row; 0 is none. */
export function spotCrabs(
  count: number,
  crabs: number,
  crabX: Float64Array,
  crabY: Float64Array,
  grid: Grid,
  threats: Uint32Array,
): void {
  threats.fill(0, 0, count);
  for (let crab = 0; crab < crabs; crab++) {
    spotCrab(grid, crab, crabX, crabY, threats);
  }
}

function spotCrab(
  grid: Grid,
  crab: number,
  crabX: Float64Array,
  crabY: Float64Array,
  threats: Uint32Array,
): void {
  const { columns, starts, slots, xs, ys } = grid;
  const cx = crabX[crab];
  const cy = crabY[crab];
  const first = cellAt(cx - THREAT_RANGE, columns);
  const last = cellAt(cx + THREAT_RANGE, columns);
  const bottom = cellAt(cy + THREAT_RANGE, grid.rows);
  for (let row = cellAt(cy - THREAT_RANGE, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1];
    for (let at = starts[row * columns + first]; at < end; at++) {
      const px = xs[at];
      const py = ys[at];
      const square = squareBetween(px, py, cx, cy);
      if (square >= THREAT_RANGE * THREAT_RANGE) continue;
      const fish = slots[at];
      const other = threats[fish] - 1;
      const nearer = other < 0 || square < squareBetween(px, py, crabX[other], crabY[other]);
      if (nearer) threats[fish] = crab + 1;
    }
  }
}

function squareBetween(ax: number, ay: number, bx: number, by: number): number {
  return (ax - bx) * (ax - bx) + (ay - by) * (ay - by);
}

/** The first layer: fish that are too close to a crab flee it, sneak off, freeze or dodge. */
export function fleeCrabs(
  count: number,
  threats: Uint32Array,
  crabX: Float64Array,
  crabY: Float64Array,
  x: Float64Array,
  y: Float64Array,
  size: Float64Array,
  energy: Float64Array,
  maxSpeed: Float64Array,
  niche: Uint32Array,
  traits: Float32Array,
  dice: Uint32Array,
  wishX: Float64Array,
  wishY: Float64Array,
  drive: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    const crab = threats[i] - 1;
    if (crab < 0) continue;
    const row = i * TRAIT_CELLS;
    const dx = x[i] - crabX[crab];
    const dy = y[i] - crabY[crab];
    const distance = Math.sqrt(dx * dx + dy * dy);
    if (distance >= fearOf(traits, row)) continue;
    drive[i] = DRIVE.threat;
    const hunger = hungerOf(energy[i], size[i]);
    const calm = 1.1 - 0.2 * traits[row + aggression];
    const effort = calm * cruiseEffort(traits[row + cruise], hunger);
    const way = threatWay(niche[i]);
    const speed = maxSpeed[i] * effort * escapeSpeed(traits, row, way, distance);
    // Straight above the crab when it is right here.
    const awayX = distance > 0 ? dx / distance : 0;
    const awayY = distance > 0 ? dy / distance : -1;
    let side = 0;
    if (way === THREAT_WAY.erratic) {
      const rolled = rollDice(dice[i]);
      dice[i] = rolled;
      side = (2 * diceUnit(rolled) - 1) * traits[row + erraticAmplitude];
    }
    wishX[i] = speed * (awayX - side * awayY);
    wishY[i] = speed * (awayY + side * awayX);
  }
}

/** Distance below which a crab frightens it: the bold let it come nearer. */
function fearOf(traits: Float32Array, row: number): number {
  const boldness = 1.2 - 0.4 * traits[row + aggression];
  const priority = traits[row + threatPriority] / THREAT_PRIORITY_MEAN;
  return Math.min(THREAT_RANGE, traits[row + fleeThreshold] * boldness * priority);
}

function escapeSpeed(traits: Float32Array, row: number, way: number, distance: number): number {
  if (way === THREAT_WAY.stealth) return traits[row + stealthSpeed];
  if (way !== THREAT_WAY.freeze) return traits[row + fleeSpeed];
  return distance < traits[row + freezeDistance] ? 0 : FREEZE_DRIFT;
}
