import { duration } from "../../../platform/durations.ts";
import type { RunResult } from "../../../sim/index.ts";
import { formatFields } from "../../output/table.ts";
import { count } from "../../output/words.ts";

/** A result with the time that it took. */
export interface TimedResult extends RunResult {
  readonly wall_seconds: number;
  readonly fish_steps_per_second: number;
}

export function timed(result: RunResult, wallSeconds: number): TimedResult {
  return {
    ...result,
    wall_seconds: wallSeconds,
    fish_steps_per_second: wallSeconds > 0 ? Math.round(result.fish_steps / wallSeconds) : 0,
  };
}

/** What `tankd run --json` prints: these fields in this order. */
export function contractOf(result: TimedResult) {
  return {
    seed: result.seed,
    ticks: result.ticks,
    tanks: result.tanks,
    digest: result.digest,
    fish_steps: result.fish_steps,
    wall_seconds: result.wall_seconds,
    fish_steps_per_second: result.fish_steps_per_second,
    alive: result.alive,
    births: result.births,
    deaths: result.deaths,
    max_generation: result.max_generation,
    poker_games: result.poker_games,
    diversity: result.diversity,
    migrations: result.migrations,
  };
}

export function describe(result: TimedResult): string {
  const deaths = Object.entries(result.deaths)
    .map(([cause, number]) => `${number} ${cause.replace("_", " ")}`)
    .join(", ");
  const speed = result.fish_steps_per_second.toLocaleString("en");
  return formatFields([
    ["seed", result.seed],
    ["ticks", result.ticks],
    ...(result.tanks > 1 ? ([["tanks", `${result.tanks}, ${migrations(result)}`]] as const) : []),
    ["fish", `${result.alive} alive, ${result.births} born, ${result.spawned} spawned`],
    ["deaths", deaths],
    ["generation", result.max_generation],
    ["diversity", result.diversity.toFixed(3)],
    ["poker", count(result.poker_games, "game")],
    ["digest", result.digest],
    [
      "speed",
      `${speed} fish-steps/s ` +
        `(${count(result.fish_steps, "fish-step")} in ${seconds(result.wall_seconds)})`,
    ],
  ]);
}

function migrations({ migrations }: RunResult): string {
  return count(migrations, "migration");
}

function seconds(value: number): string {
  return value < 10 ? `${value.toFixed(2)} s` : duration(value);
}
