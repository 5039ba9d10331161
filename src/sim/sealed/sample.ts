import { daylightAt } from "../habitat/daylight.ts";
import { sumOf } from "../state/ledger.ts";
import type { Tank } from "../state/tank.ts";
import type { TankStats } from "../types.ts";
import { statsOf } from "../views/views.ts";

type Measure = (tank: Tank, stats: TankStats) => number;

/** What a time series says of a tank at a tick. Counts of what happened are since the founding. */
const MEASURES: Readonly<Record<string, Measure>> = {
  population: ({ counters }) => counters.fish,
  capacity: ({ cap }) => cap,
  energy: (_, stats) => stats.energy,
  mean_age: ({ fish, counters }) => meanOf(fish.age, counters.fish),
  mean_generation: ({ fish, counters }) => meanOf(fish.generation, counters.fish),
  max_generation: (_, stats) => stats.maxGeneration,
  diversity: (_, stats) => stats.diversity,
  births: ({ counters }) => counters.born,
  spawned: ({ counters }) => counters.spawned,
  immigrants: ({ counters }) => counters.imported,
  emigrants: ({ counters }) => counters.exported - counters.restored,
  deaths_starvation: ({ counters }) => counters.starved,
  deaths_predation: ({ counters }) => counters.eaten,
  deaths_old_age: ({ counters }) => counters.aged,
  poker_games_fish: ({ counters }) => counters.gamesFish,
  poker_games_plants: ({ counters }) => counters.gamesPlants,
  food: ({ counters }) => counters.food,
  plants: ({ counters }) => counters.plants,
  plant_energy: ({ plants, counters }) => sumOf(plants.energy, counters.plants),
  plants_sprouted: ({ counters }) => counters.plantsSprouted,
  crabs: ({ counters }) => counters.crabs,
  brightness: ({ tick }) => daylightAt(tick).brightness,
};

/** Columns of a time series, before which tick and tank stand. */
export const SAMPLE_COLUMNS = Object.keys(MEASURES);

/** One line of a time series, in the order of {@link SAMPLE_COLUMNS}. */
export function sampleOf(tank: Tank): readonly number[] {
  const stats = statsOf(tank);
  return Object.values(MEASURES).map((measure) => measure(tank, stats));
}

function meanOf(values: Uint32Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i];
  return count > 0 ? sum / count : 0;
}
