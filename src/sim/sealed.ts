import { digest } from "./digest.ts";
import type { Tank } from "./tank.ts";
import type { DeathCause } from "./types.ts";
import { statsOf } from "./views.ts";
import { createTank, step } from "./world.ts";

export interface SealedOptions {
  readonly seed: number;
  readonly ticks: number;
  readonly fish: number;
  /** Fish-steps between two reports of progress; the default is about a tenth of a second. */
  readonly progressSteps?: number;
}

/** What `tankd run --json` prints, but for the time that it took. */
export interface RunResult {
  readonly seed: number;
  readonly ticks: number;
  readonly tanks: number;
  readonly digest: string;
  /** Living fish summed over the ticks. */
  readonly fish_steps: number;
  readonly alive: number;
  readonly births: number;
  /** Emergency spawns. */
  readonly spawned: number;
  readonly deaths: Readonly<Record<DeathCause, number>>;
  readonly max_generation: number;
  readonly diversity: number;
  readonly poker_games: number;
  readonly migrations: number;
}

export interface Progress {
  readonly tick: number;
  readonly ticks: number;
  readonly alive: number;
  readonly fishSteps: number;
  /** The results of the run if it ended here. */
  readonly resultSoFar: () => RunResult;
}

const PROGRESS_STEPS = 500_000;

/**
 * Runs a tank without any outside input: the result follows from the options alone. Yields now and
 * then, so that the caller can show progress, stop, or let other work run.
 */
export function* sealedRun(options: SealedOptions): Generator<Progress, RunResult, void> {
  const { seed, ticks, fish, progressSteps = PROGRESS_STEPS } = options;
  // Nobody leaves a sealed run, so its ids need to be unique only within it.
  const tank = createTank({ seed, fish, tankKey: seed.toString(16).padStart(16, "0") });
  let fishSteps = 0;
  let reported = 0;
  while (tank.tick < ticks) {
    fishSteps += tank.counters.fish;
    step(tank);
    if (fishSteps - reported < progressSteps || tank.tick === ticks) continue;
    reported = fishSteps;
    const steps = fishSteps;
    const resultSoFar = () => resultOf(tank, seed, steps);
    yield { tick: tank.tick, ticks, alive: tank.counters.fish, fishSteps, resultSoFar };
  }
  return resultOf(tank, seed, fishSteps);
}

function resultOf(tank: Tank, seed: number, fishSteps: number): RunResult {
  const { alive, diversity, ledger, maxGeneration, tick } = statsOf(tank);
  return {
    seed,
    ticks: tick,
    tanks: 1,
    digest: digest(tank),
    fish_steps: fishSteps,
    alive,
    births: ledger.born,
    spawned: ledger.spawned,
    deaths: ledger.died,
    max_generation: maxGeneration,
    diversity,
    poker_games: 0,
    migrations: 0,
  };
}
