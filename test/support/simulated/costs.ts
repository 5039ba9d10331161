import type { ProcessorCosts } from "../../../src/platform/simulated/cores.ts";

/**
 * What a handshake (7 ms for both sides, its two requests together) and a ping (3 ms) cost,
 * measured in the executable on two cores; anything else as some event.
 */
const REQUEST_MS: readonly (readonly [prefix: string, ms: number])[] = [
  ["/.well-known/tankd", 1],
  ["/api/cluster/hello", 2.5],
  ["/api/cluster/ping", 1.5],
  ["/api/discovery/", 1.5],
];

/** Processor time of a node of the cluster without tanks. */
export const NODE_COSTS: Partial<ProcessorCosts> = {
  requestMs: (path) => REQUEST_MS.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 0.3,
};

/** The same with one tank: an idle node takes 3 % of a core. */
export const TANK_COSTS: Partial<ProcessorCosts> = { ...NODE_COSTS, backgroundMsPerSecond: 30 };
