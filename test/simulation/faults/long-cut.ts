import { type Fault, lasting } from "./fault.ts";

/** Beyond the patience of a transfer (60 s), with the pause after it (30 s). */
const LENGTH_MS = { least: 95_000, most: 130_000 };

/** Nobody reaches a node, not by a relay either, until its transfers ask for aborts. */
export const LONG_CUT: Fault = {
  name: "cut",
  strike: (strike) => {
    const { cluster, node, draws } = strike;
    const others = cluster.nodes.filter((one) => one !== node).map((one) => one.host);
    const heal = cluster.world.network.partition([node.host], others);
    const forMs = draws.integer(LENGTH_MS.least, LENGTH_MS.most);
    lasting(strike, { name: "cut", nodes: [node], forMs }, heal);
  },
};
