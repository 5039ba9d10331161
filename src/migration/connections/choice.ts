import type { Strategy } from "../../store/rows.ts";
import type { Destination } from "./destinations.ts";

export interface ChoicePorts {
  /** Fish in a tank there, on average. */
  readonly load: (destination: Destination) => number;
  /** Counts up with each call. */
  readonly nextTurn: () => number;
  /** A real in [0, 1). */
  readonly unit: () => number;
}

/**
 * The destination of the next fish, among those that can be reached now, in the order in which the
 * connection has them. The fish keeps it: a failover concerns the next one.
 */
export function chooseDestination<Open extends Destination>(
  strategy: Strategy,
  open: readonly Open[],
  { load, nextTurn, unit }: ChoicePorts,
): Open | undefined {
  if (strategy === "round-robin") return open[nextTurn() % open.length];
  if (strategy === "random") return open[Math.floor(unit() * open.length)];
  if (strategy === "failover") return open[0];
  return open.toSorted((a, b) => load(a) - load(b))[0];
}
