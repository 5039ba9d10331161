import {
  NECTAR_FIRST_WAIT_TICKS,
  PLANT_EMERGENCY_INTERVAL_TICKS,
  PLANT_LIFE_TICKS,
  PLANT_START_ENERGY,
  PLANT_STRATEGIES,
  PLANT_STRATEGY_MUTATION,
  PLANTS_AT_START,
  PLANTS_MIN,
  SPROUT_CHANCE,
  SPROUT_DISTANCE,
  SPROUT_ENERGY,
} from "../habitat/habitat-model.ts";
import { moveRows } from "../state/arena.ts";
import { book, CAUSE } from "../state/energy-ledger.ts";
import { formatId, type IdParts, NOBODY, parseId } from "../state/ids.ts";
import { nextInteger, nextUnit, STREAM } from "../state/rng.ts";
import { reserveRows, type Tank } from "../state/tank.ts";
import { plantCapacity } from "./growth.ts";
import { drawPlantGenome, inheritPlantGenome, PLANT_GENE_COUNT } from "./plant-genome.ts";
import { emptyAround, emptySpots, rowOfSpot, spotX, spotY } from "./spots.ts";

/** Plants coming and going. They share ids and the counter of ids with the fish. */

/** The plants of a new tank, at random spots. */
export function foundGarden(tank: Tank): void {
  const { plantSpots, arena } = tank;
  let wanted = Math.floor(PLANTS_AT_START * tank.scale);
  // Selection sampling (Knuth 1969, algorithm S): every choice of spots is as likely.
  for (let spot = 0; spot < plantSpots && wanted > 0; spot++) {
    if (nextUnit(arena.streams, STREAM.plants) * (plantSpots - spot) >= wanted) continue;
    enterSeedling(tank, spot, PLANT_START_ENERGY);
    tank.counters.plantsFounded += 1;
    wanted -= 1;
  }
}

/** A tank that runs out of plants gets a random one, at most every so often. */
export function sproutEmergency(tank: Tank): void {
  const { counters, scale, arena } = tank;
  if (counters.tick - counters.lastPlantEmergencyTick < PLANT_EMERGENCY_INTERVAL_TICKS) return;
  if (counters.plants >= PLANTS_MIN * scale) return;
  counters.lastPlantEmergencyTick = counters.tick;
  const spots = emptySpots(tank, 0, tank.plantSpots - 1);
  const spot = spots[nextInteger(arena.streams, STREAM.plants, spots.length)];
  if (spot === undefined) return;
  enterSeedling(tank, spot, SPROUT_ENERGY);
  counters.plantsSpawned += 1;
}

/** The nectar of the plant at `spot` was eaten up: half of the time its seed sprouts nearby. */
export function spreadSeed(tank: Tank, spot: number): void {
  const { streams } = tank.arena;
  if (nextUnit(streams, STREAM.plants) >= SPROUT_CHANCE) return;
  const spots = emptyAround(tank, spot, SPROUT_DISTANCE);
  const free = spots[nextInteger(streams, STREAM.plants, spots.length)];
  if (free === undefined) return;
  enterSprout(tank, rowOfSpot(tank, spot), free);
  tank.counters.plantsSprouted += 1;
}

/** A plant without parents. The caller keeps the ledger of plants. */
function enterSeedling(tank: Tank, spot: number, energy: number): void {
  const { streams } = tank.arena;
  const row = openSpot(tank, spot);
  drawPlantGenome(tank.plants.genes, row * PLANT_GENE_COUNT, streams, STREAM.plants);
  tank.plants.strategy[row] = nextInteger(streams, STREAM.plants, PLANT_STRATEGIES);
  beginLife(tank, row, energy, 0, NOBODY);
}

function enterSprout(tank: Tank, parentRow: number, spot: number): void {
  const { streams } = tank.arena;
  const row = openSpot(tank, spot);
  const parent = parentRow < row ? parentRow : parentRow + 1;
  const { plants } = tank;
  const cells = PLANT_GENE_COUNT;
  inheritPlantGenome(plants.genes, parent * cells, row * cells, streams, STREAM.plants);
  const changes = nextUnit(streams, STREAM.plants) < PLANT_STRATEGY_MUTATION;
  plants.strategy[row] = changes
    ? nextInteger(streams, STREAM.plants, PLANT_STRATEGIES)
    : plants.strategy[parent];
  plants.offspring[parent] = plants.offspring[parent] + 1;
  const generation = plants.generation[parent] + 1;
  beginLife(tank, row, SPROUT_ENERGY, generation, plantIdPartsOf(tank, parent));
}

function beginLife(
  tank: Tank,
  row: number,
  energy: number,
  generation: number,
  parent: IdParts,
): void {
  const { plants, counters, key } = tank;
  const held = Math.min(energy, plantCapacity(plants.genes, row * PLANT_GENE_COUNT));
  counters.lastId += 1;
  plants.energy[row] = held;
  plants.nectar[row] = 0;
  plants.bornTick[row] = counters.tick;
  plants.keyHi[row] = key.hi;
  plants.keyLo[row] = key.lo;
  plants.counter[row] = counters.lastId;
  plants.parentHi[row] = parent.hi;
  plants.parentLo[row] = parent.lo;
  plants.parentCounter[row] = parent.counter;
  plants.age[row] = 0;
  plants.generation[row] = generation;
  plants.hops[row] = 0;
  plants.offspring[row] = 0;
  plants.nectarWait[row] = NECTAR_FIRST_WAIT_TICKS;
  plants.cooldown[row] = 0;
  book(tank.scratch.flows, CAUSE.sprouting, held);
}

/** Opens a row for a plant at an empty spot and returns it; only its place is set. */
export function openSpot(tank: Tank, spot: number): number {
  const { counters } = tank;
  reserveRows(tank, { plants: counters.plants + 1 });
  const row = rowOfSpot(tank, spot);
  moveRows(tank.arena.plants, row + 1, row, counters.plants);
  counters.plants += 1;
  tank.plants.spot[row] = spot;
  tank.plants.x[row] = spotX(tank, spot);
  tank.plants.y[row] = spotY(tank, spot);
  return row;
}

/** Takes one plant out. The caller keeps the ledger of plants and of energy. */
export function closeSpot(tank: Tank, row: number): void {
  moveRows(tank.arena.plants, row, row + 1, tank.counters.plants);
  tank.counters.plants -= 1;
}

/** Plants that lost everything at the poker table wither, and now and then one of any age. */
export function buryWithered(tank: Tank): void {
  const { plants, counters, arena } = tank;
  for (let row = counters.plants - 1; row >= 0; row--) {
    if (plants.energy[row] <= 0) wither(tank, row);
  }
  const due = counters.plants / PLANT_LIFE_TICKS + nextUnit(arena.streams, STREAM.plants);
  for (let left = Math.floor(due); left > 0 && counters.plants > 0; left--) {
    wither(tank, nextInteger(arena.streams, STREAM.plants, counters.plants));
  }
}

/** What the plant holds is lost, with its nectar. */
function wither(tank: Tank, row: number): void {
  const { plants, counters, scratch } = tank;
  const held = plants.energy[row] + plants.nectar[row];
  book(scratch.flows, CAUSE.plant_death, held);
  closeSpot(tank, row);
  counters.plantsWithered += 1;
}

function plantIdPartsOf(tank: Tank, row: number): IdParts {
  const { plants } = tank;
  return {
    hi: plants.keyHi[row],
    lo: plants.keyLo[row],
    counter: plants.counter[row],
  };
}

export function plantIdOf(tank: Tank, row: number): string {
  const { hi, lo, counter } = plantIdPartsOf(tank, row);
  return formatId(hi, lo, counter);
}

/** The row of a plant, or undefined. */
export function findPlant(tank: Tank, plantId: string): number | undefined {
  const id = parseId(plantId);
  if (id === undefined) return undefined;
  const { plants, counters } = tank;
  for (let row = 0; row < counters.plants; row++) {
    if (plants.counter[row] !== id.counter) continue;
    if (plants.keyHi[row] === id.hi && plants.keyLo[row] === id.lo) return row;
  }
  return undefined;
}
