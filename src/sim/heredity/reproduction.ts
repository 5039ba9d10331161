import { hungerOf } from "../behaviour/effort.ts";
import { MEMORY, remember } from "../life/memory.ts";
import {
  ASEXUAL_ENERGY_RATIO,
  BABY_TICKS,
  BANK_CAPACITIES,
  BIRTH_ENERGY,
  CAPACITY_PER_SIZE,
  JUVENILE_TICKS,
  MATE_DISTANCE,
  MATE_ENERGY_RATIO,
  NICHE_COST_MIN,
  POKER_BIRTH_ENERGY_RATIO,
  POKER_BIRTH_SHARE,
  POKER_MATE_DISTANCE,
  POKER_WINNER_SHARE,
  RARE_DISCOUNT,
} from "../model.ts";
import { cellAt, type Grid } from "../state/grid.ts";
import { genomeOf } from "../state/population.ts";
import { diceUnit, rollDice } from "../state/rng.ts";
import type { Tank } from "../state/tank.ts";
import { attraction } from "./attraction.ts";
import { type Birth, bear } from "./births.ts";
import { countNiches, isRare, nicheCost } from "./diversity.ts";
import { GENE, TRAIT_CELLS } from "./genes.ts";

/**
 * Births of one tick, until the tank is full (TW core/reproduction): first pairs of adults that are
 * close and well fed; then fish whose bank holds the price of a child; then the full who are
 * inclined to bear alone. In a full tank the last put the price into their bank and bear when there
 * is room.
 */
export function breed(tank: Tank): void {
  const adults = tank.counters.fish;
  countNiches(tank);
  tank.scratch.mated.fill(0, 0, adults);
  const { age } = tank.fish;
  for (let row = 0; row < adults && tank.counters.fish < tank.cap; row++) {
    if (age[row] < JUVENILE_TICKS || !isWilling(tank, row)) continue;
    const mate = findMate(tank, tank.scratch.fishGrid, row, MATE_DISTANCE);
    if (mate >= 0) bearPair(tank, row, mate);
  }
  for (let row = 0; row < adults; row++) {
    if (age[row] < JUVENILE_TICKS) continue;
    bearBanked(tank, row);
    bearAlone(tank, row);
  }
}

/**
 * A birth after a game, the winner being an adult with 70 % of its energy. Unless it bears `alone`
 * it needs a mate within 80 px and gives 70 % of the genes. Each parent pays up to 15 % of its
 * energy. Returns the child's row, or −1.
 */
export function bearAfterPoker(tank: Tank, winner: number, alone: boolean): number {
  const { fish, counters } = tank;
  if (counters.fish >= tank.cap || counters.fish === 0) return -1;
  if (fish.age[winner] < JUVENILE_TICKS) return -1;
  if (energyRatio(tank, winner) < POKER_BIRTH_ENERGY_RATIO) return -1;
  // First: whether a fish is willing depends on how rare its ways are now, not a tick ago.
  countNiches(tank);
  const mate = alone ? winner : findMate(tank, tank.scratch.fishGrid, winner, POKER_MATE_DISTANCE);
  if (mate < 0) return -1;
  const price = BIRTH_ENERGY * nicheCost(tank, winner);
  const parents = alone ? [winner] : [winner, mate];
  let energy = 0;
  for (const parent of parents) {
    const held = fish.energy[parent];
    const pays = Math.min(held * POKER_BIRTH_SHARE, price / parents.length);
    fish.energy[parent] = held - pays;
    energy += pays;
  }
  const motherShare = alone ? 1 : POKER_WINNER_SHARE;
  return bear(tank, { origin: "poker", mother: winner, father: mate, motherShare, energy });
}

function energyRatio(tank: Tank, row: number): number {
  return hungerOf(tank.fish.energy[row], tank.scratch.size[row]);
}

function isWilling(tank: Tank, row: number): boolean {
  const { fish, scratch } = tank;
  if (fish.age[row] < JUVENILE_TICKS || scratch.mated[row] !== 0) return false;
  const ratio = energyRatio(tank, row);
  if (ratio >= MATE_ENERGY_RATIO) return true;
  return ratio >= MATE_ENERGY_RATIO * RARE_DISCOUNT && isRare(tank, row);
}

/**
 * The willing fish in reach that it finds most attractive, then the nearest, then the lowest id.
 */
function findMate(tank: Tank, grid: Grid, row: number, reach: number): number {
  const { fish, bodies } = tank;
  const { columns, starts, slots, xs, ys } = grid;
  const px = fish.x[row];
  const py = fish.y[row];
  const judge = genomeOf(tank, row);
  const first = cellAt(px - reach, columns);
  const last = cellAt(px + reach, columns);
  const bottom = cellAt(py + reach, grid.rows);
  let mate = -1;
  let best = -1;
  let nearest = 0;
  for (let cells = cellAt(py - reach, grid.rows); cells <= bottom; cells++) {
    const end = starts[cells * columns + last + 1];
    for (let at = starts[cells * columns + first]; at < end; at++) {
      const other = slots[at];
      const dx = xs[at] - px;
      const dy = ys[at] - py;
      const square = dx * dx + dy * dy;
      if (square > reach * reach || other === row || !isWilling(tank, other)) continue;
      const charm = attraction(
        bodies.genes,
        judge,
        genomeOf(tank, other),
        energyRatio(tank, other),
      );
      const closer = square < nearest || (square === nearest && other < mate);
      if (charm < best || (charm === best && !closer)) continue;
      best = charm;
      nearest = square;
      mate = other;
    }
  }
  return mate;
}

/** Each pays half, and remembers the place. */
function bearPair(tank: Tank, mother: number, father: number): void {
  const { fish, bodies, scratch } = tank;
  const energy = BIRTH_ENERGY * nicheCost(tank, mother);
  for (const parent of [mother, father]) {
    // A small fish may hold less than half of a dear child's price.
    if (fish.energy[parent] <= energy / 2) return;
  }
  for (const parent of [mother, father]) {
    scratch.mated[parent] = 1;
    fish.energy[parent] = fish.energy[parent] - energy / 2;
    const [x, y] = [fish.x[parent], fish.y[parent]];
    const age = fish.age[parent];
    remember(bodies, fish.body[parent], MEMORY.mate, x, y, age);
  }
  bear(tank, { origin: "sexual", mother, father, motherShare: 0.5, energy });
}

function bearBanked(tank: Tank, row: number): void {
  const { fish, counters } = tank;
  const bank = fish.bank[row];
  if (bank < BIRTH_ENERGY * NICHE_COST_MIN || counters.fish >= tank.cap) return;
  const energy = BIRTH_ENERGY * nicheCost(tank, row);
  if (bank < energy) return;
  fish.bank[row] = bank - energy;
  bear(tank, aloneBirth("banked", row, energy));
}

function bearAlone(tank: Tank, row: number): void {
  const { fish, counters } = tank;
  if (energyRatio(tank, row) < ASEXUAL_ENERGY_RATIO) return;
  const rolled = rollDice(fish.dice[row]);
  fish.dice[row] = rolled;
  if (diceUnit(rolled) >= fish.traits[row * TRAIT_CELLS + GENE.asexual]) return;
  const energy = BIRTH_ENERGY * nicheCost(tank, row);
  const held = fish.energy[row];
  if (held <= energy) return;
  if (counters.fish < tank.cap) {
    fish.energy[row] = held - energy;
    bear(tank, aloneBirth("asexual", row, energy));
    return;
  }
  const capacity = BANK_CAPACITIES * CAPACITY_PER_SIZE * tank.scratch.size[row];
  const bank = fish.bank[row];
  if (bank + energy > capacity) return;
  fish.energy[row] = held - energy;
  fish.bank[row] = bank + energy;
}

function aloneBirth(origin: "banked" | "asexual", row: number, energy: number): Birth {
  return { origin, mother: row, father: row, motherShare: 1, energy };
}

/** Whether a fish of this age may travel: babies stay where they were born. */
export function isFitToTravel(age: number): boolean {
  return age >= BABY_TICKS;
}
