import { type Fault, lasting } from "./fault.ts";

/** Beyond the patience of a transfer (60 s), with the pause after it (30 s). */
const LENGTH_MS = { least: 95_000, most: 130_000 };

/**
 * Nobody reaches a node, not by a relay either, until its transfers ask for aborts. One at a time:
 * what asks for aborts when it heals must not be cut again.
 */
export const LONG_CUT: Fault = {
  name: "cut",
  strike: (strike) => {
    const { cluster, node, draws } = strike;
    const { network } = cluster.world;
    const others = cluster.nodes.filter((one) => one !== node).map((one) => one.host);
    const hosts = cluster.nodes.map(({ host }) => host);
    if (hosts.some((from) => hosts.some((to) => network.isCut(from, to)))) return;
    const heal = network.partition([node.host], others);
    const forMs = draws.integer(LENGTH_MS.least, LENGTH_MS.most);
    lasting(strike, { name: "cut", nodes: [node], forMs }, heal);
  },
};
