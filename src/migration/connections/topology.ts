import { Problem } from "../../platform/errors.ts";
import type { Strategy } from "../../store/rows.ts";
import { type Destination, isSameDestination } from "./destinations.ts";

/** Who sends fish to whom among several tanks. Those of sealed runs, and one by hand. */
export const ARRANGEMENTS = ["ring", "full", "star", "random", "custom"] as const;
export type Arrangement = (typeof ARRANGEMENTS)[number];

/** The connection of one tank in a topology. */
export interface Edge {
  readonly source: Destination;
  readonly destinations: readonly [Destination, ...Destination[]];
  readonly strategy: Strategy;
}

/**
 * The connections of a topology. `ring`: each tank to the next; `full`: each to all others in turn;
 * `star`: the first to all others in turn, and these to it; `random`: each to any other one;
 * `custom`: pairs of a source and a destination. @throws Problem `invalid`
 */
export function edgesOf(arrangement: Arrangement, tanks: readonly Destination[]): readonly Edge[] {
  if (arrangement === "custom") return pairsOf(tanks);
  if (tanks.length < 2) throw new Problem("invalid", "A topology needs two tanks at least.");
  for (const [at, tank] of tanks.entries()) {
    if (tanks.slice(0, at).some((other) => isSameDestination(tank, other))) {
      throw new Problem("invalid", `The tank ${tank.destination_tank_id} is named twice.`);
    }
  }
  return tanks.flatMap((source, at) => {
    const [next, ...further] = [...tanks.slice(at + 1), ...tanks.slice(0, at)];
    if (!next) return [];
    const others = [next, ...further] as const;
    if (arrangement === "random") return { source, destinations: others, strategy: "random" };
    if (arrangement === "full" || (arrangement === "star" && at === 0)) {
      return { source, destinations: others, strategy: "round-robin" };
    }
    const only = arrangement === "star" ? (tanks[0] ?? next) : next;
    return { source, destinations: [only], strategy: "failover" };
  });
}

function pairsOf(tanks: readonly Destination[]): readonly Edge[] {
  if (tanks.length === 0 || tanks.length % 2 === 1) {
    throw new Problem("invalid", "A custom topology is a list of pairs: SRC DST SRC DST …");
  }
  return tanks.flatMap((source, at): Edge[] => {
    const destination = tanks[at + 1];
    if (at % 2 === 1 || !destination) return [];
    return [{ source, destinations: [destination], strategy: "failover" }];
  });
}
