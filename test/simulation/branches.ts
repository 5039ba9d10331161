import type { Fork } from "../../src/platform/simulated/world.ts";
import type { Finding } from "./checks.ts";

/** A run of the simulator as far as its branches are concerned. */
export interface Run {
  readonly findings: readonly Finding[];
  /** Events of the simulation. */
  readonly steps: number;
  readonly eventsBeforeFork: readonly string[];
}

export interface Trunk {
  /** The run of one seed, which another seed takes over where `fork` says. */
  readonly run: (fork?: Fork) => Promise<Run>;
  /** How many branches are tried at a step: those of the seeds from 1. */
  readonly seeds: number;
}

/** The branches from a step, in the order of their seeds. */
export async function branchesFrom(trunk: Trunk, atStep: number): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let seed = 1; seed <= trunk.seeds; seed++) runs.push(await trunk.run({ atStep, seed }));
  return runs;
}

export interface NoReturn {
  /** From here on every branch fails. */
  readonly step: number;
  /** What led to it. */
  readonly events: readonly string[];
}

/**
 * The step at which a run that fails became bound to: from it on every branch fails, and from the
 * step before it one does not. Found by bisection, as if that were so once and for all.
 */
export async function pointOfNoReturn(trunk: Trunk, failing: Run): Promise<NoReturn> {
  let [open, bound] = [0, failing.steps];
  while (bound - open > 1) {
    const middle = Math.floor((open + bound) / 2);
    if (await everyBranchFails(trunk, middle)) bound = middle;
    else open = middle;
  }
  const { eventsBeforeFork } = await trunk.run({ atStep: bound, seed: 1 });
  return { step: bound, events: eventsBeforeFork };
}

async function everyBranchFails(trunk: Trunk, atStep: number): Promise<boolean> {
  for (let seed = 1; seed <= trunk.seeds; seed++) {
    const { findings } = await trunk.run({ atStep, seed });
    if (findings.length === 0) return false;
  }
  return true;
}
