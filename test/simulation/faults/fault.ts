import type { Prng } from "../../../src/platform/simulated/prng.ts";
import type { SimulatedCluster, SimulatedNode } from "../cluster.ts";

/** What a fault works with. */
export interface Strike {
  readonly cluster: SimulatedCluster;
  readonly node: SimulatedNode;
  readonly draws: Prng;
  /** Switches a machine off, as `how` does, and on again after a while. */
  readonly crash: (node: SimulatedNode, how?: "kill" | "power_cut") => void;
}

/** A kind of thing that goes wrong, at once or for a while. */
export interface Fault {
  readonly name: string;
  /** Ends processes: whatever takes its time in one begins anew. */
  readonly crashes?: boolean;
  strike(strike: Strike): void;
}

/** Ends after a time in which it holds for these nodes. */
export function lasting(
  { cluster }: Strike,
  fault: {
    readonly name: string;
    readonly nodes: readonly SimulatedNode[];
    readonly forMs: number;
  },
  end: () => void = () => {},
): void {
  const { name, nodes, forMs } = fault;
  const over = cluster.conditions.fault(
    name,
    nodes.map((node) => node.name),
  );
  cluster.world.schedule(forMs, `end of ${name}`, () => {
    over();
    end();
  });
}
