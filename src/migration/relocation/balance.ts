import type { ServerLoad } from "../../cluster/placement/placement.ts";

/** A tank of this node. */
export interface Movable {
  readonly tank_id: string;
  /** What it costs, in fish. */
  readonly cost: number;
}

export interface Shift {
  readonly tank_id: string;
  readonly node_id: string;
}

/** The busiest must have so many times the load of the idlest before anything moves. */
const IMBALANCE_MIN = 1.5;
/** And so many fish a core more: small nodes differ by a tank or two all the time. */
const DIFFERENCE_MIN = 50;

/**
 * The move that makes the cluster more even; undefined where it is even enough, or where another
 * node is the busiest: only that one moves anything. Afterwards the destination is still no busier
 * than this node, so that no tank is worth a move back.
 */
export function balancingMove(
  self: ServerLoad,
  others: readonly ServerLoad[],
  tanks: readonly Movable[],
): Shift | undefined {
  const isBusiest = others.every(
    ({ load, node_id }) => load < self.load || (load === self.load && node_id > self.node_id),
  );
  const idlest = others.filter(({ accepts }) => accepts).toSorted((a, b) => a.load - b.load)[0];
  if (!isBusiest || idlest === undefined) return undefined;
  if (self.load < idlest.load * IMBALANCE_MIN) return undefined;
  if (self.load - idlest.load < DIFFERENCE_MIN) return undefined;
  const fits = tanks.filter(({ cost }) => {
    const after = idlest.load + cost / idlest.cores;
    return after <= self.load - cost / self.cores;
  });
  const largest = fits.toSorted((a, b) => b.cost - a.cost)[0];
  return largest && { tank_id: largest.tank_id, node_id: idlest.node_id };
}
