/** Who sends fish to whom in an archipelago. */
export const TOPOLOGIES = ["ring", "full", "star", "random"] as const;

export type Topology = (typeof TOPOLOGIES)[number];

/**
 * The island that the n-th migrant of a tank goes to, counted over the whole run: neighbours take
 * turns, so that each gets its share. In a `ring` it is the next island; in `full` every other one;
 * in a `star` the first island is the hub, its spokes know only it; `random` takes any other island
 * by `unit`, a random real in [0, 1). There must be two islands at least.
 */
export function destinationOf(
  topology: Topology,
  islands: number,
  source: number,
  n: number,
  unit: number,
): number {
  const others = islands - 1;
  if (topology === "ring") return (source + 1) % islands;
  if (topology === "random") return (source + 1 + Math.floor(unit * others)) % islands;
  if (topology === "star" && source !== 0) return 0;
  return (source + 1 + (n % others)) % islands;
}
