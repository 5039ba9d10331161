import { book, CAUSE } from "../energy-ledger.ts";
import {
  NECTAR_ENERGY,
  NECTAR_WAIT_TICKS,
  PLANT_SPOTS,
  PLANT_STRATEGIES,
} from "../habitat-model.ts";
import { FISH_REFERENCE, FOUNDERS_MAX } from "../model.ts";
import { reserveRows, type Tank } from "../tank.ts";
import type { Side } from "../types.ts";
import { closeSpot, openSpot } from "./garden.ts";
import { plantCapacity } from "./growth.ts";
import { faultOfPlantGenome, PLANT_GENE_COUNT } from "./plant-genome.ts";
import { spotNear, spotsAFloor } from "./spots.ts";

const COUNTER_MAX = Number.MAX_SAFE_INTEGER;
const WORD_MAX = 0xffff_ffff;
/** Twice the spots of the largest tank: as many again may lie between them. */
const SPOT_MAX = (2 * PLANT_SPOTS * FOUNDERS_MAX) / FISH_REFERENCE;
/** What rounding may add to a bound that was computed. */
const TOLERANCE = 1e-9;
/** Longer than any rest after a game. */
const COOLDOWN_MAX = 10_000;

type RealName = "energy" | "nectar" | "bornTick" | "counter" | "parentCounter";
type WordName =
  | "keyHi"
  | "keyLo"
  | "parentHi"
  | "parentLo"
  | "spot"
  | "age"
  | "generation"
  | "hops"
  | "offspring"
  | "nectarWait"
  | "strategy"
  | "cooldown";

function real(name: RealName, min: number, max: number, whole: boolean) {
  return { name, element: "f64", min, max, whole } as const;
}

function word(name: WordName, max: number) {
  return { name, element: "u32", min: 0, max, whole: true } as const;
}

/** The columns of a plant that travel, in the order of the wire; its place follows from its spot. */
export const PLANT_WIRE_FIELDS = [
  real("energy", 0, Number.MAX_VALUE, false),
  real("nectar", 0, NECTAR_ENERGY, false),
  real("bornTick", 0, COUNTER_MAX, true),
  real("counter", 1, COUNTER_MAX, true),
  real("parentCounter", 0, COUNTER_MAX, true),
  word("keyHi", WORD_MAX),
  word("keyLo", WORD_MAX),
  word("parentHi", WORD_MAX),
  word("parentLo", WORD_MAX),
  word("spot", SPOT_MAX),
  // One below the end, so that counting on never wraps.
  word("age", WORD_MAX - 1),
  word("generation", WORD_MAX - 1),
  word("hops", WORD_MAX - 1),
  word("offspring", WORD_MAX - 1),
  word("nectarWait", NECTAR_WAIT_TICKS),
  word("strategy", PLANT_STRATEGIES - 1),
  word("cooldown", COOLDOWN_MAX),
] as const;

/** A plant outside of any tank. */
export type PlantRow = { readonly [N in RealName | WordName]: number } & {
  readonly genes: Float32Array;
};

/** What is out of bounds in a foreign plant, or undefined. */
export function faultOfPlant(row: PlantRow): string | undefined {
  const genome = faultOfPlantGenome(row.genes);
  if (genome !== undefined) return genome;
  for (const field of PLANT_WIRE_FIELDS) {
    const value = row[field.name];
    if (!(value >= field.min && value <= field.max)) return field.name;
    if (field.whole && value !== Math.floor(value)) return field.name;
  }
  if (row.energy > plantCapacity(row.genes, 0) * (1 + TOLERANCE)) return "energy";
  const { parentCounter, parentHi, parentLo } = row;
  if (parentCounter === 0 && (parentHi !== 0 || parentLo !== 0)) return "parent";
  const own = parentHi === row.keyHi && parentLo === row.keyLo && parentCounter === row.counter;
  return own ? "parent" : undefined;
}

/** All that a living plant is. */
export function readPlant(tank: Tank, row: number): PlantRow {
  const { plants } = tank;
  const at = row * PLANT_GENE_COUNT;
  const fields: Record<string, number> = {};
  for (const { name } of PLANT_WIRE_FIELDS) fields[name] = plants[name][row] as number;
  return { ...fields, genes: plants.genes.slice(at, at + PLANT_GENE_COUNT) } as PlantRow;
}

/** Takes a plant out of the tank, with its nectar; the ledgers know. */
export function exportPlant(tank: Tank, row: number): PlantRow {
  const plant = readPlant(tank, row);
  closeSpot(tank, row);
  tank.counters.plantsExported += 1;
  book(tank.scratch.flows, CAUSE.plant_departure, plant.energy + plant.nectar);
  return plant;
}

/** The empty spot nearest to the wall through which a plant comes in; undefined when all are taken. */
export function spotForImport(tank: Tank, side: Side): number | undefined {
  const inRow = spotsAFloor(tank);
  const lowest = tank.plantSpots - inRow;
  const spot = spotNear(tank, side === "left" ? Math.max(0, lowest) : tank.plantSpots - 1);
  return spot < tank.plantSpots ? spot : undefined;
}

/** A plant from elsewhere takes root: everything but its spot and its hops stays. */
export function importPlant(tank: Tank, plant: PlantRow, spot: number): void {
  place(tank, { ...plant, spot, hops: plant.hops + 1 });
  tank.counters.plantsImported += 1;
}

/** A plant that was exported comes back as it was, to its spot or as near to it as there is room. */
export function restorePlant(tank: Tank, plant: PlantRow): void {
  place(tank, { ...plant, spot: spotNear(tank, plant.spot) });
  tank.counters.plantsRestored += 1;
}

/** The caller has checked the plant and chosen an empty spot. */
function place(tank: Tank, plant: PlantRow): void {
  const { counters, arena } = tank;
  // So much room that a sprout, in the middle of a tick, never has to grow the arena.
  const plants = tank.plantSpots + counters.plants + 1;
  if (plant.spot >= tank.plantSpots) {
    reserveRows(tank, { plants, food: tank.foodCap + plants + arena.feeders.capacity });
  }
  const row = openSpot(tank, plant.spot);
  for (const { name } of PLANT_WIRE_FIELDS) tank.plants[name][row] = plant[name];
  tank.plants.genes.set(plant.genes, row * PLANT_GENE_COUNT);
  book(tank.scratch.flows, CAUSE.plant_arrival, plant.energy + plant.nectar);
}
