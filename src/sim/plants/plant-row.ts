import {
  NECTAR_ENERGY,
  NECTAR_WAIT_TICKS,
  PLANT_SPOTS,
  PLANT_STRATEGIES,
} from "../habitat/habitat-model.ts";
import { FISH_REFERENCE, FOUNDERS_MAX } from "../model.ts";
import { REST_TICKS } from "../poker/rules.ts";
import { book, CAUSE } from "../state/energy-ledger.ts";
import { reserveRows, roomForPlants, type Tank } from "../state/tank.ts";
import type { Side } from "../types.ts";
import { COUNT_MAX, faultOfNumbers, layoutOf, real, whole, word } from "../wire/record-layout.ts";
import { closeSpot, openSpot } from "./garden.ts";
import { plantCapacity } from "./growth.ts";
import { faultOfPlantGenome, PLANT_GENE_COUNT } from "./plant-genome.ts";
import { spotNear, spotsAFloor } from "./spots.ts";

/** Twice the spots of the largest tank: as many again may lie between them. */
const SPOT_MAX = (2 * PLANT_SPOTS * FOUNDERS_MAX) / FISH_REFERENCE;
/** What rounding may add to a bound that was computed. */
const TOLERANCE = 1e-9;

/** All that a plant is, in the order of the wire; its place follows from its spot. */
export const PLANT_LAYOUT = layoutOf({
  // "TKDP"
  magic: 0x50444b54,
  noun: "plant",
  reals: [
    real("energy", 0, Number.MAX_VALUE),
    real("nectar", 0, NECTAR_ENERGY),
    whole("bornTick", 0),
    whole("counter", 1),
    whole("parentCounter", 0),
  ],
  words: [
    word("keyHi"),
    word("keyLo"),
    word("parentHi"),
    word("parentLo"),
    word("spot", SPOT_MAX),
    word("age", COUNT_MAX),
    word("generation", COUNT_MAX),
    word("hops", COUNT_MAX),
    word("offspring", COUNT_MAX),
    word("nectarWait", NECTAR_WAIT_TICKS),
    word("strategy", PLANT_STRATEGIES - 1),
    word("cooldown", REST_TICKS),
  ],
  vectors: [{ name: "genes", element: "f32", width: PLANT_GENE_COUNT }],
});

const SCALARS = [...PLANT_LAYOUT.reals, ...PLANT_LAYOUT.words];
type ScalarName = (typeof SCALARS)[number]["name"];

/** A plant outside of any tank. */
export type PlantRow = { readonly [N in ScalarName]: number } & { readonly genes: Float32Array };

/** What is out of bounds in a foreign plant, or undefined. */
export function faultOfPlant(row: PlantRow): string | undefined {
  const wrong = faultOfPlantGenome(row.genes) ?? faultOfNumbers(SCALARS, row);
  if (wrong !== undefined) return wrong;
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
  const numbers: Record<string, number> = {};
  for (const { name } of SCALARS) numbers[name] = plants[name][row];
  return { ...numbers, genes: plants.genes.slice(at, at + PLANT_GENE_COUNT) } as PlantRow;
}

/** Takes a plant out of the tank, with its nectar; the ledgers know. */
export function exportPlant(tank: Tank, row: number): PlantRow {
  const plant = readPlant(tank, row);
  closeSpot(tank, row);
  tank.counters.plantsExported += 1;
  book(tank.scratch.flows, CAUSE.plant_departure, plant.energy + plant.nectar);
  return plant;
}

/**
 * The empty spot nearest to the wall through which a plant comes in; undefined when all are taken.
 */
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

/**
 * A plant that was exported comes back as it was, to its spot or as near to it as there is room.
 */
export function restorePlant(tank: Tank, plant: PlantRow): void {
  place(tank, { ...plant, spot: spotNear(tank, plant.spot) });
  tank.counters.plantsRestored += 1;
}

/** The caller has checked the plant and chosen an empty spot. */
function place(tank: Tank, plant: PlantRow): void {
  const { counters } = tank;
  // So much room that a sprout, in the middle of a tick, never has to grow the arena.
  const plants = tank.plantSpots + counters.plants + 1;
  if (plant.spot >= tank.plantSpots) {
    reserveRows(tank, roomForPlants(tank, plants));
  }
  const row = openSpot(tank, plant.spot);
  for (const { name } of SCALARS) tank.plants[name][row] = plant[name];
  tank.plants.genes.set(plant.genes, row * PLANT_GENE_COUNT);
  book(tank.scratch.flows, CAUSE.plant_arrival, plant.energy + plant.nectar);
}
