import { closest } from "../../../node/settings/spelling.ts";
import { Problem } from "../../../platform/errors.ts";
import { LIMITS } from "../../../platform/limits.ts";
import {
  type ArchipelagoSpec,
  ISLANDS_MAX,
  TOPOLOGIES,
  type Topology,
} from "../../../sim/index.ts";
import { readInteger } from "../../output/numbers.ts";

/** Options of `tankd run`, as commander passes them. */
export interface RunFlags {
  readonly seed: string;
  readonly ticks: string;
  readonly fish: string;
  readonly tanks: string;
  readonly topology?: string;
  readonly migrateEvery?: string;
  readonly migrants?: string;
  readonly threads?: string;
  readonly out?: string;
  readonly force?: boolean;
}

export interface RunPlan {
  readonly spec: ArchipelagoSpec;
  readonly threads: number;
  readonly out: string | undefined;
  /** Whether the files of an earlier run in `out` may be replaced. */
  readonly force: boolean;
}

/** Fish of all tanks together: each takes about a kilobyte. */
const FISH_TOTAL_MAX = 1_000_000;
const THREADS_MAX = 256;
/** About a generation: often enough to mix, rarely enough for islands to diverge. */
const MIGRATE_EVERY_TICKS = 1000;
const MIGRANTS = 2;

/** @throws Problem `usage` when the flags do not define a world */
export function planOf(flags: RunFlags, cores: number): RunPlan {
  const tanks = readInteger(flags.tanks, "--tanks", 1, ISLANDS_MAX) ?? 1;
  const fish = readInteger(flags.fish, "--fish", 0, LIMITS.foundersMax) ?? 0;
  if (tanks * fish > FISH_TOTAL_MAX) {
    throw new Problem(
      "usage",
      `${tanks} tanks of ${fish} fish are too many: give at most ${FISH_TOTAL_MAX} fish in all`,
    );
  }
  const threads = readInteger(flags.threads, "--threads", 1, THREADS_MAX) ?? cores;
  const spec = {
    seed: readInteger(flags.seed, "--seed") ?? 0,
    ticks: readInteger(flags.ticks, "--ticks") ?? 0,
    fish,
    tanks,
    ...exchangeOf(flags, tanks, Math.max(100, fish)),
  };
  return {
    spec,
    threads: Math.min(threads, tanks),
    out: readFolder(flags.out),
    force: flags.force === true,
  };
}

function readFolder(text: string | undefined): string | undefined {
  if (text === "") throw new Problem("usage", "--out cannot be empty: give a directory");
  return text;
}

function exchangeOf(flags: RunFlags, tanks: number, cap: number) {
  const topology = readTopology(flags.topology ?? "ring");
  const migrateEvery = readInteger(flags.migrateEvery, "--migrate-every", 1);
  const migrants = readInteger(flags.migrants, "--migrants", 0, cap);
  if (tanks > 1) {
    return {
      topology,
      migrateEvery: migrateEvery ?? MIGRATE_EVERY_TICKS,
      migrants: migrants ?? MIGRANTS,
    };
  }
  const names = { topology: "--topology", migrateEvery: "--migrate-every", migrants: "--migrants" };
  for (const name of ["topology", "migrateEvery", "migrants"] as const) {
    if (flags[name] === undefined) continue;
    throw new Problem("usage", `${names[name]} needs tanks to migrate between: give --tanks 2`);
  }
  return { topology, migrateEvery: 0, migrants: 0 };
}

function readTopology(text: string): Topology {
  const known = TOPOLOGIES.find((topology) => topology === text);
  if (known !== undefined) return known;
  const guess = closest(text, TOPOLOGIES);
  const hint = guess === undefined ? "" : `; did you mean ${guess}?`;
  throw new Problem(
    "usage",
    `--topology cannot be "${text}": ` +
      `give ${TOPOLOGIES.slice(0, -1).join(", ")} or ${TOPOLOGIES.at(-1)}${hint}`,
  );
}

/** The command line that reproduces the same world up to the same tick. */
export function commandOf(spec: ArchipelagoSpec, ticks: number): string {
  const words = ["tankd run", `--seed ${spec.seed}`, `--ticks ${ticks}`, `--fish ${spec.fish}`];
  if (spec.tanks > 1) {
    words.push(`--tanks ${spec.tanks}`, `--topology ${spec.topology}`);
    words.push(`--migrate-every ${spec.migrateEvery}`, `--migrants ${spec.migrants}`);
  }
  return words.join(" ");
}
