import { phaseAt, timeOfDay } from "../habitat/daylight.ts";
import {
  CROWDING,
  LIGHT_BY_PHASE,
  NECTAR_ENERGY,
  NECTAR_RATIO,
  NECTAR_WAIT_TICKS,
  PLANT_CAPACITY,
  PLANT_GAIN,
  PLANT_GAIN_FLOOR,
  PLANT_GROWN_GROWTH,
  PLANT_SIZE_MIN,
  PLANT_YOUNG_GROWTH,
  PLANT_YOUNG_RATIO,
} from "../habitat/habitat-model.ts";
import { book, CAUSE } from "../state/energy-ledger.ts";
import type { Tank } from "../state/tank.ts";
import { PLANT_GENE, PLANT_GENE_COUNT } from "./plant-genome.ts";
import { spotsAFloor } from "./spots.ts";

/** Energy that a plant can hold, by the genome that starts at cell `row`. */
export function plantCapacity(genes: Float32Array, row: number): number {
  return PLANT_CAPACITY * genes[row + PLANT_GENE.efficiency];
}

/** 0.3 to 1 of the full size, by the share of its capacity that a plant holds. */
export function plantSize(energy: number, capacity: number): number {
  return PLANT_SIZE_MIN + (1 - PLANT_SIZE_MIN) * Math.min(1, energy / capacity);
}

/** How the share of its capacity that a plant holds speeds up its growth: the young catch up. */
function growthAt(ratio: number): number {
  const [begin, end] = ratio < PLANT_YOUNG_RATIO ? PLANT_YOUNG_GROWTH : PLANT_GROWN_GROWTH;
  const share =
    ratio < PLANT_YOUNG_RATIO
      ? ratio / PLANT_YOUNG_RATIO
      : (ratio - PLANT_YOUNG_RATIO) / (1 - PLANT_YOUNG_RATIO);
  return begin + (end - begin) * share;
}

/** Plants take up light, age, and bring nectar when they are full and it is time. */
export function growPlants(tank: Tank): void {
  const { plants, counters, scratch } = tank;
  const light = LIGHT_BY_PHASE[phaseAt(timeOfDay(counters.tick))];
  const gained = takeLight(
    counters.plants,
    light,
    spotsAFloor(tank),
    plants.spot,
    plants.genes,
    plants.energy,
  );
  book(scratch.flows, CAUSE.photosynthesis, gained);
  bringNectar(
    counters.plants,
    plants.genes,
    plants.energy,
    plants.nectar,
    plants.nectarWait,
    plants.age,
  );
}

/** Energy from light (TW core/plant): returns how much in all. */
function takeLight(
  count: number,
  light: number,
  spotsInRow: number,
  spot: Uint32Array,
  genes: Float32Array,
  energy: Float64Array,
): number {
  let sum = 0;
  for (let row = 0; row < count; row++) {
    const at = row * PLANT_GENE_COUNT;
    const capacity = plantCapacity(genes, at);
    const held = energy[row];
    if (held >= capacity) continue;
    // Rows lie in the order of spots, so neighbours are the rows beside.
    const own = spot[row];
    const place = own % spotsInRow;
    const left = row > 0 && place > 0 && spot[row - 1] === own - 1 ? 1 : 0;
    const right = row + 1 < count && place < spotsInRow - 1 && spot[row + 1] === own + 1 ? 1 : 0;
    const crowding = CROWDING[left + right];
    const rate = genes[at + PLANT_GENE.rate];
    const gain = rate * growthAt(held / capacity) * light * PLANT_GAIN * crowding;
    const after = Math.min(capacity, held + Math.max(PLANT_GAIN_FLOOR, gain));
    energy[row] = after;
    sum += after - held;
  }
  return sum;
}

function bringNectar(
  count: number,
  genes: Float32Array,
  energy: Float64Array,
  nectar: Float64Array,
  wait: Uint32Array,
  age: Uint32Array,
): void {
  for (let row = 0; row < count; row++) {
    age[row] = age[row] + 1;
    const left = wait[row];
    if (left > 0) wait[row] = left - 1;
    if (left > 1 || nectar[row] > 0) continue;
    const held = energy[row];
    if (held < NECTAR_RATIO * plantCapacity(genes, row * PLANT_GENE_COUNT)) continue;
    energy[row] = held - NECTAR_ENERGY;
    nectar[row] = NECTAR_ENERGY;
    wait[row] = NECTAR_WAIT_TICKS;
  }
}
