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
 * The destinations of the next fish, of which only copies have several, among those that can be
 * reached now, in the order in which the connection has them. The fish keeps its own: a failover
 * concerns the next one.
 */
export function chooseDestinations<Open extends Destination>(
  strategy: Strategy,
  open: readonly Open[],
  { load, nextTurn, unit }: ChoicePorts,
): readonly Open[] {
  const at = (place: number) => open.slice(place, place + 1);
  switch (strategy) {
    case "broadcast":
      return open;
    case "failover":
      return at(0);
    case "round-robin":
      return at(nextTurn() % Math.max(1, open.length));
    case "random":
      return at(Math.floor(unit() * open.length));
    case "least-loaded":
      return open.toSorted((a, b) => load(a) - load(b)).slice(0, 1);
  }
}
