import { feederKind } from "../habitat/feeders.ts";
import { FEEDER_KINDS, FOOD_SIZE_MIN, NECTAR_ENERGY } from "../habitat/habitat-model.ts";
import { FOOD_KINDS } from "../model.ts";
import { findPlant, plantIdOf } from "../plants/garden.ts";
import { plantCapacity, plantSize } from "../plants/growth.ts";
import { ITERATIONS_MAX, iterationsAt, segmentsOf } from "../plants/l-system.ts";
import { FLORAL_TYPES, PLANT_GENE, PLANT_GENE_COUNT } from "../plants/plant-genome.ts";
import { edgeOf } from "../plants/spots.ts";
import type { Tank } from "../state/tank.ts";
import type {
  CrabView,
  FeederView,
  PlantId,
  PlantLooks,
  PlantMigrant,
  PlantStem,
  PlantView,
} from "../types.ts";

/** Every living plant, from left to right. */
export function plantsOf(tank: Tank): PlantView[] {
  return Array.from({ length: tank.counters.plants }, (_, row) => plantView(tank, row));
}

function plantView(tank: Tank, row: number): PlantView {
  const { plants } = tank;
  const energy = plants.energy[row];
  const size = plantSize(energy, plantCapacity(plants.genes, row * PLANT_GENE_COUNT));
  return {
    plant_id: plantIdOf(tank, row),
    x: plants.x[row],
    y: plants.y[row],
    energy,
    size,
    iterations: iterationsAt(size),
    nectar_ready: plants.nectar[row] > 0,
    age: plants.age[row],
    generation: plants.generation[row],
    hops: plants.hops[row],
    strategy: plants.strategy[row],
  };
}

/** How to draw a plant: expands its L-system, so ask once per plant. Undefined: no such plant. */
export function plantLooksOf(tank: Tank, plantId: PlantId): PlantLooks | undefined {
  const row = findPlant(tank, plantId);
  if (row === undefined) return undefined;
  const { genes, keyLo, counter } = tank.plants;
  const at = row * PLANT_GENE_COUNT;
  const gene = (index: number) => genes[at + index];
  // Its own dice are its id, so it looks the same wherever it stands.
  const dice = (keyLo[row] ^ counter[row]) >>> 0;
  const stems = Array.from({ length: ITERATIONS_MAX }, (_, index) =>
    segmentsOf(genes, at, dice, index + 1).map(
      ({ x1, y1, x2, y2, depth }): PlantStem => [x1, y1, x2, y2, depth],
    ),
  );
  return {
    plant_id: plantId,
    stems,
    hue: gene(PLANT_GENE.hue),
    floral_hue: gene(PLANT_GENE.floralHue),
    floral_type: FLORAL_TYPES[gene(PLANT_GENE.floralType)] ?? FLORAL_TYPES[0],
    petals: gene(PLANT_GENE.petals),
    layers: gene(PLANT_GENE.layers),
    spin: gene(PLANT_GENE.spin),
  };
}

/**
 * How large each item of foodOf still is, in its order: 1 when whole, shrinking to 0.2 as it is
 * bitten (TW core/entities/resources.py).
 */
export function foodSizesOf(tank: Tank): number[] {
  const { food, counters, plants, feeders } = tank;
  const sizes: number[] = [];
  for (let row = 0; row < counters.food; row++) {
    const whole = FOOD_KINDS[food.kind[row]]?.energy ?? 1;
    const closed = food.closed[row] > 0;
    sizes.push(closed ? 1 : shrunk(food.energy[row] / whole));
  }
  for (let row = 0; row < counters.plants; row++) {
    const nectar = plants.nectar[row];
    if (nectar > 0) sizes.push(shrunk(nectar / NECTAR_ENERGY));
  }
  for (let row = 0; row < counters.feeders; row++) {
    const morsel = feeders.morsel[row];
    if (morsel > 0) sizes.push(shrunk(morsel / feederKind(tank, row).morsel));
  }
  return sizes;
}

function shrunk(share: number): number {
  return FOOD_SIZE_MIN + (1 - FOOD_SIZE_MIN) * share;
}

export function crabsOf(tank: Tank): CrabView[] {
  const { crabs, counters } = tank;
  return Array.from({ length: counters.crabs }, (_, row) => ({
    x: crabs.x[row],
    y: crabs.y[row],
    vx: crabs.vx[row],
    size: crabs.size[row],
    energy: crabs.energy[row],
    sated: crabs.cooldown[row] > 0,
  }));
}

/** Names of the kinds of feeders. */
export const FEEDERS = FEEDER_KINDS.map(({ name }) => name);

export function feedersOf(tank: Tank): FeederView[] {
  const { feeders, counters } = tank;
  return Array.from({ length: counters.feeders }, (_, row) => {
    const { name, stock } = feederKind(tank, row);
    return {
      x: feeders.x[row],
      y: feeders.y[row],
      kind: name,
      filled: feeders.stock[row] / stock,
      offering: feeders.morsel[row] > 0,
    };
  });
}

/** The plants that stand at a wall, with the wall through which they may leave. */
export function plantMigrants(tank: Tank): PlantMigrant[] {
  const migrants: PlantMigrant[] = [];
  for (let row = 0; row < tank.counters.plants; row++) {
    const side = edgeOf(tank, tank.plants.spot[row]);
    if (side !== undefined) migrants.push({ plantId: plantIdOf(tank, row), side });
  }
  return migrants;
}
