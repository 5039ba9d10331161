import { GENE } from "./genes.ts";
import { inheritGenome } from "./genome.ts";
import { cellAt, type Grid } from "./grid.ts";
import { NOBODY } from "./ids.ts";
import { capacityAt } from "./metabolism.ts";
import {
  BABY_TICKS,
  BIRTH_ENERGY,
  BIRTH_JITTER,
  JUVENILE_TICKS,
  MATE_DISTANCE,
  MATE_ENERGY_RATIO,
  MUTATION,
} from "./model.ts";
import { LEFT, marginsOf, TOP } from "./motion.ts";
import { enterNewborn, genomeOf, idOf, nextGenome } from "./population.ts";
import { nextReal, STREAM } from "./rng.ts";
import type { Tank } from "./tank.ts";

/** Size of a newborn relative to its grown size is one half: see metabolism.ts. */
const NEWBORN_AGE = 0;

/**
 * Births of one tick, until the tank is full: first pairs of adults that are close and well fed,
 * each paying half; then fish whose bank holds the price of a child.
 */
export function breed(tank: Tank): void {
  const adults = tank.counters.fish;
  const { fish, scratch } = tank;
  scratch.mated.fill(0, 0, adults);
  for (let row = 0; row < adults && tank.counters.fish < tank.cap; row++) {
    if (!isWilling(tank, row)) continue;
    const mate = findMate(tank, scratch.fishGrid, row);
    if (mate >= 0) bearPair(tank, row, mate);
  }
  for (let row = 0; row < adults && tank.counters.fish < tank.cap; row++) {
    const grown = (fish.age[row] as number) >= JUVENILE_TICKS;
    if (grown && (fish.bank[row] as number) >= BIRTH_ENERGY) bearBanked(tank, row);
  }
}

function isWilling(tank: Tank, row: number): boolean {
  const { fish, scratch } = tank;
  if ((fish.age[row] as number) < JUVENILE_TICKS || scratch.mated[row] !== 0) return false;
  const capacity = capacityAt(fish.age[row] as number, fish.girth[row] as number);
  return (fish.energy[row] as number) >= MATE_ENERGY_RATIO * capacity;
}

/** The willing fish in reach with the most intense pattern, then the nearest, then the lowest id. */
function findMate(tank: Tank, grid: Grid, row: number): number {
  const { fish } = tank;
  const { columns, starts, slots, xs, ys } = grid;
  const px = fish.x[row] as number;
  const py = fish.y[row] as number;
  const first = cellAt(px - MATE_DISTANCE, columns);
  const last = cellAt(px + MATE_DISTANCE, columns);
  const bottom = cellAt(py + MATE_DISTANCE, grid.rows);
  let mate = -1;
  let best = -1;
  let nearest = MATE_DISTANCE * MATE_DISTANCE;
  for (let cells = cellAt(py - MATE_DISTANCE, grid.rows); cells <= bottom; cells++) {
    const end = starts[cells * columns + last + 1] as number;
    for (let at = starts[cells * columns + first] as number; at < end; at++) {
      const other = slots[at] as number;
      const dx = (xs[at] as number) - px;
      const dy = (ys[at] as number) - py;
      const square = dx * dx + dy * dy;
      if (square > MATE_DISTANCE * MATE_DISTANCE || other === row) continue;
      const charm = tank.bodies.genes[genomeOf(tank, other) + GENE.pattern] as number;
      if (charm < best || !isWilling(tank, other)) continue;
      const closer = square < nearest || (square === nearest && other < mate);
      if (charm === best && !closer) continue;
      best = charm;
      nearest = square;
      mate = other;
    }
  }
  return mate;
}

function bearPair(tank: Tank, mother: number, father: number): void {
  const { fish, scratch } = tank;
  scratch.mated[mother] = 1;
  scratch.mated[father] = 1;
  for (const parent of [mother, father]) {
    fish.energy[parent] = (fish.energy[parent] as number) - BIRTH_ENERGY / 2;
  }
  bear(tank, mother, father);
}

function bearBanked(tank: Tank, parent: number): void {
  const { fish } = tank;
  fish.bank[parent] = (fish.bank[parent] as number) - BIRTH_ENERGY;
  bear(tank, parent, parent);
}

/** A child of two parents, or of one when both rows are the same. */
function bear(tank: Tank, mother: number, father: number): void {
  const child = nextGenome(tank);
  const { fish, bodies, counters, arena } = tank;
  const from = {
    mother: genomeOf(tank, mother),
    father: genomeOf(tank, father),
    motherShare: 0.5,
    donor: genomeOf(tank, mother),
  };
  inheritGenome(bodies.genes, child, from, MUTATION, arena.streams, STREAM.breeding);
  const parents = mother === father ? [mother] : [mother, father];
  for (const parent of parents) fish.offspring[parent] = (fish.offspring[parent] as number) + 1;
  const older = Math.max(fish.generation[mother] as number, fish.generation[father] as number);
  const { right, bottom } = marginsOf(tank.width, tank.height);
  const capacity = capacityAt(NEWBORN_AGE, bodies.genes[child + GENE.size] as number);
  const newborn = {
    x: placeNear(tank, ((fish.x[mother] as number) + (fish.x[father] as number)) / 2, LEFT, right),
    y: placeNear(tank, ((fish.y[mother] as number) + (fish.y[father] as number)) / 2, TOP, bottom),
    energy: Math.min(BIRTH_ENERGY, capacity),
    bank: Math.max(0, BIRTH_ENERGY - capacity),
    age: NEWBORN_AGE,
    generation: older + 1,
    origin: mother === father ? ("banked" as const) : ("sexual" as const),
    mother: idOf(tank, mother),
    father: mother === father ? NOBODY : idOf(tank, father),
  };
  enterNewborn(tank, newborn, STREAM.breeding);
  counters.born += 1;
  if (mother === father) counters.bornBanked += 1;
  else counters.bornSexual += 1;
}

function placeNear(tank: Tank, middle: number, low: number, high: number): number {
  const jitter = nextReal(tank.arena.streams, STREAM.breeding, -BIRTH_JITTER, BIRTH_JITTER);
  return Math.min(high, Math.max(low, middle + jitter));
}

/** Whether a fish of this age may travel: babies stay where they were born. */
export function isFitToTravel(age: number): boolean {
  return age >= BABY_TICKS;
}
