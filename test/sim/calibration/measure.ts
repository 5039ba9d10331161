import { behavioursIn } from "../../../src/sim/heredity/diversity.ts";
import { createTank, statsOf, step } from "../../../src/sim/index.ts";

/** What a run is compared by with the reference world (docs/model.md, section 9). */
export interface Measured {
  readonly births: number;
  readonly starved: number;
  readonly predated: number;
  readonly aged: number;
  readonly generations: number;
  readonly fishGames: number;
  readonly plantGames: number;
  readonly behaviours: number;
  readonly diversity: number;
  /** Mean, least and most fish alive after the first 2,000 ticks. */
  readonly fishMean: number;
  readonly fishLeast: number;
  readonly fishMost: number;
  readonly plants: number;
}

const SETTLED_TICKS = 2_000;

/** Ten founders, as the reference has by default. */
export function measure(seed: number, ticks: number): Measured {
  const tank = createTank({ seed, fish: 10, tankKey: "00000000000000a1" });
  let sum = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  while (tank.tick < ticks) {
    step(tank);
    if (tank.tick <= SETTLED_TICKS) continue;
    sum += tank.counters.fish;
    least = Math.min(least, tank.counters.fish);
    most = Math.max(most, tank.counters.fish);
  }
  const { counters } = tank;
  const { maxGeneration, diversity } = statsOf(tank);
  return {
    births: counters.born,
    starved: counters.starved,
    predated: counters.eaten,
    aged: counters.aged,
    generations: maxGeneration,
    fishGames: counters.gamesFish,
    plantGames: counters.gamesPlants,
    behaviours: behavioursIn(tank),
    diversity,
    fishMean: sum / (ticks - SETTLED_TICKS),
    fishLeast: least,
    fishMost: most,
    plants: counters.plants,
  };
}

/** Means over the runs of all seeds. */
export function meanOf(runs: readonly Measured[]): Measured {
  const names = Object.keys(runs[0] as Measured) as (keyof Measured)[];
  const means = names.map((name) => [
    name,
    runs.reduce((sum, run) => sum + run[name], 0) / runs.length,
  ]);
  return Object.fromEntries(means);
}
