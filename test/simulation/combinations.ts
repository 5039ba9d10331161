import { type Pair, pairOf } from "./conditions.ts";
import { PHASES } from "./transfer-phases.ts";

/** Kinds of faults as the conditions name them. */
export const FAULT_KINDS = [
  "kill",
  "power_cut",
  "pause",
  "start_paused",
  "cut",
  "one_way_cut",
  "clock_jump",
  "disk_full",
  "stale_snapshot",
  "misdirected_snapshot",
  "earlier_build",
] as const;

/** A process that has not pinged yet asks for no abort, and one that is paused grants none. */
const EXCLUDED: ReadonlySet<Pair> = new Set([pairOf("start_paused", "aborting")]);

/**
 * What a long run has to produce: every two kinds of faults at the same time, also on two nodes,
 * and every kind of fault at an end of a transfer in each of its phases.
 */
export function declaredPairs(): readonly Pair[] {
  const faults = FAULT_KINDS.flatMap((one, at) =>
    FAULT_KINDS.slice(at + 1).map((other) => pairOf(one, other)),
  );
  const phases = FAULT_KINDS.flatMap((one) => PHASES.map((phase) => pairOf(one, phase)));
  return [...faults, ...phases].filter((pair) => !EXCLUDED.has(pair));
}

/** The declared pairs that never met. */
export function unmet(pairs: ReadonlyMap<Pair, number>): readonly Pair[] {
  return declaredPairs().filter((pair) => !pairs.has(pair));
}
