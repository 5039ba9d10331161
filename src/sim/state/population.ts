import { GENE_CELLS, TRAIT_CELLS } from "../heredity/genes.ts";
import { express } from "../heredity/phenotype.ts";
import { sizeAt } from "../life/metabolism.ts";
import { ORIGINS, type Origin } from "../model.ts";
import type { FishId } from "../types.ts";
import { moveRows, removeMarked } from "./arena.ts";
import { releaseBody, takeBody } from "./bodies.ts";
import { formatId, type IdParts, NOBODY, parseId } from "./ids.ts";
import { diceUnit, nextWord, rollDice, type Stream } from "./rng.ts";
import { reserveRows, type Tank } from "./tank.ts";

/**
 * Fish lie in the order of their ids, foreign keys before the tank's own. A newborn has the highest
 * id of all, so it goes to the end; and the same fish always give the same rows, whichever way they
 * came in. That is why a restored fish leaves no trace of having been away.
 */

/** What a fish that begins its life here starts with. Its genome is in its place already. */
export interface Newborn {
  readonly x: number;
  readonly y: number;
  readonly energy: number;
  readonly bank: number;
  readonly age: number;
  readonly generation: number;
  readonly origin: Origin;
  readonly mother: IdParts;
  readonly father: IdParts;
}

/**
 * The first cell of the genome that the next newborn gets; it is written there before the fish
 * enters. There is room: births stop at the cap, and the arena always holds at least that many.
 */
export function nextGenome(tank: Tank): number {
  return tank.freeBodies[tank.freeBodies.length - 1] * GENE_CELLS;
}

/** The first cell of a living fish's genome. */
export function genomeOf(tank: Tank, row: number): number {
  return tank.fish.body[row] * GENE_CELLS;
}

/** Gives the next newborn its id and its place and returns its row. The caller keeps the ledger. */
export function enterNewborn(tank: Tank, newborn: Newborn, stream: Stream): number {
  const { fish, counters, key, arena } = tank;
  const row = counters.fish;
  const dice = nextWord(arena.streams, stream) >>> 0;
  counters.fish = row + 1;
  counters.lastId += 1;
  fish.x[row] = newborn.x;
  fish.y[row] = newborn.y;
  fish.vx[row] = 0;
  fish.vy[row] = 0;
  fish.energy[row] = newborn.energy;
  fish.bank[row] = newborn.bank;
  fish.bornTick[row] = counters.tick;
  fish.keyHi[row] = key.hi;
  fish.keyLo[row] = key.lo;
  fish.counter[row] = counters.lastId;
  fish.motherHi[row] = newborn.mother.hi;
  fish.motherLo[row] = newborn.mother.lo;
  fish.motherCounter[row] = newborn.mother.counter;
  fish.fatherHi[row] = newborn.father.hi;
  fish.fatherLo[row] = newborn.father.lo;
  fish.fatherCounter[row] = newborn.father.counter;
  fish.age[row] = newborn.age;
  fish.generation[row] = newborn.generation;
  fish.hops[row] = 0;
  fish.offspring[row] = 0;
  fish.origin[row] = ORIGINS.indexOf(newborn.origin);
  fish.pokerNet[row] = 0;
  fish.pokerRestUntil[row] = 0;
  fish.pokerGames[row] = 0;
  fish.pokerWins[row] = 0;
  fish.crabbedAt[row] = 0;
  takeBody(tank, row);
  aimAnywhere(tank, row, dice);
  expressRow(tank, row);
  tank.scratch.size[row] = sizeAt(newborn.age, fish.girth[row]);
  return row;
}

/** The first heading, drawn from the fish's own stream. */
function aimAnywhere(tank: Tank, row: number, dice: number): void {
  const { fish } = tank;
  const first = rollDice(dice);
  const second = rollDice(first);
  const side = diceUnit(first) < 0.5 ? -1 : 1;
  const slope = diceUnit(second) * 2 - 1;
  const length = Math.sqrt(1 + slope * slope);
  fish.headingX[row] = side / length;
  fish.headingY[row] = slope / length;
  fish.dice[row] = second;
}

/** Fills the columns that follow from the genome. */
export function expressRow(tank: Tank, row: number): void {
  const { fish } = tank;
  const { genes } = tank.bodies;
  const genome = genomeOf(tank, row);
  const phenotype = express(genes, genome);
  fish.traits.set(genes.subarray(genome, genome + TRAIT_CELLS), row * TRAIT_CELLS);
  fish.girth[row] = phenotype.girth;
  fish.maxSpeed[row] = phenotype.maxSpeed;
  fish.metabolism[row] = phenotype.metabolism;
  fish.sight[row] = phenotype.sight;
  fish.lifespan[row] = phenotype.lifespan;
  fish.niche[row] = phenotype.niche;
}

/** Opens an empty row where a fish with this id belongs and returns it. */
export function openRow(tank: Tank, id: IdParts): number {
  const { counters } = tank;
  const row = lowerBound(tank, id);
  reserveRows(tank, { fish: counters.fish + 1 });
  moveRows(tank.arena.fish, row + 1, row, counters.fish);
  counters.fish += 1;
  takeBody(tank, row);
  return row;
}

/** Takes one fish out. The caller keeps the ledger. */
export function closeRow(tank: Tank, row: number): void {
  releaseBody(tank, row);
  moveRows(tank.arena.fish, row, row + 1, tank.counters.fish);
  tank.counters.fish -= 1;
}

/** Takes out the fish that are marked in the scratch: they have died. */
export function sweepFish(tank: Tank): void {
  const { counters, scratch, onDeath } = tank;
  for (let row = 0; row < counters.fish; row++) {
    if (scratch.fishMarks[row] === 0) continue;
    onDeath?.(row);
    releaseBody(tank, row);
  }
  counters.fish = removeMarked(tank.arena.fish, scratch.fishMarks, counters.fish);
}

/** The row of a living fish, or undefined. */
export function findFish(tank: Tank, fishId: FishId): number | undefined {
  const id = parseId(fishId);
  if (id === undefined) return undefined;
  const row = lowerBound(tank, id);
  return row < tank.counters.fish && compareToRow(tank, id, row) === 0 ? row : undefined;
}

export function idOf(tank: Tank, row: number): IdParts {
  const { fish } = tank;
  return {
    hi: fish.keyHi[row],
    lo: fish.keyLo[row],
    counter: fish.counter[row],
  };
}

export function fishIdOf(tank: Tank, row: number): FishId {
  const { hi, lo, counter } = idOf(tank, row);
  return formatId(hi, lo, counter);
}

/** The ids of the parents that are known. */
export function parentIdsOf(tank: Tank, row: number): readonly FishId[] {
  const { fish } = tank;
  const ids: FishId[] = [];
  const mother = fish.motherCounter[row];
  const father = fish.fatherCounter[row];
  if (mother !== NOBODY.counter) {
    ids.push(formatId(fish.motherHi[row], fish.motherLo[row], mother));
  }
  if (father !== NOBODY.counter) {
    ids.push(formatId(fish.fatherHi[row], fish.fatherLo[row], father));
  }
  return ids;
}

/** First row whose id is not below `id`. */
function lowerBound(tank: Tank, id: IdParts): number {
  let low = 0;
  let high = tank.counters.fish;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareToRow(tank, id, middle) > 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareToRow(tank: Tank, id: IdParts, row: number): number {
  const other = idOf(tank, row);
  const own = rank(tank, id) - rank(tank, other);
  if (own !== 0) return own;
  return id.hi - other.hi || id.lo - other.lo || id.counter - other.counter;
}

function rank(tank: Tank, id: IdParts): number {
  return id.hi === tank.key.hi && id.lo === tank.key.lo ? 1 : 0;
}
