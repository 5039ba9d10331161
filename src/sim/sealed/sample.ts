import { daylightAt } from "../habitat/daylight.ts";
import { sumOf } from "../state/ledger.ts";
import type { Tank } from "../state/tank.ts";
import type { TankStats } from "../types.ts";
import { statsOf } from "../views/views.ts";

type Measure = (tank: Tank, stats: TankStats) => number;

interface Column {
  readonly measure: Measure;
  /** Whether it may hold fractions: a column of numbers must look like one from its first line. */
  readonly isReal: boolean;
}

const count = (measure: Measure): Column => ({ measure, isReal: false });
const real = (measure: Measure): Column => ({ measure, isReal: true });

/** What a time series says of a tank at a tick. Counts of what happened are since the founding. */
const COLUMNS: Readonly<Record<string, Column>> = {
  population: count(({ counters }) => counters.fish),
  capacity: count(({ cap }) => cap),
  energy: real((_, stats) => stats.energy),
  mean_age: real(({ fish, counters }) => meanOf(fish.age, counters.fish)),
  mean_generation: real(({ fish, counters }) => meanOf(fish.generation, counters.fish)),
  max_generation: count((_, stats) => stats.maxGeneration),
  diversity: real((_, stats) => stats.diversity),
  births: count(({ counters }) => counters.born),
  spawned: count(({ counters }) => counters.spawned),
  immigrants: count(({ counters }) => counters.imported),
  emigrants: count(({ counters }) => counters.exported - counters.restored),
  deaths_starvation: count(({ counters }) => counters.starved),
  deaths_predation: count(({ counters }) => counters.eaten),
  deaths_old_age: count(({ counters }) => counters.aged),
  poker_games_fish: count(({ counters }) => counters.gamesFish),
  poker_games_plants: count(({ counters }) => counters.gamesPlants),
  food: count(({ counters }) => counters.food),
  plants: count(({ counters }) => counters.plants),
  plant_energy: real(({ plants, counters }) => sumOf(plants.energy, counters.plants)),
  plants_sprouted: count(({ counters }) => counters.plantsSprouted),
  crabs: count(({ counters }) => counters.crabs),
  brightness: real(({ tick }) => daylightAt(tick).brightness),
};

/** Columns of a time series, before which tick and tank stand. */
export const SAMPLE_COLUMNS = Object.entries(COLUMNS).map(([name, { isReal }]) => ({
  name,
  isReal,
}));

/** One line of a time series, in the order of {@link SAMPLE_COLUMNS}. */
export function sampleOf(tank: Tank): readonly number[] {
  const stats = statsOf(tank);
  return Object.values(COLUMNS).map(({ measure }) => measure(tank, stats));
}

function meanOf(values: Uint32Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i];
  return count > 0 ? sum / count : 0;
}
