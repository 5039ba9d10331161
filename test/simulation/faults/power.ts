import type { SimulatedNode } from "../cluster.ts";
import type { Fault } from "./fault.ts";

/** Both ends of a connection lose power at once. Besides, the nemesis does so at port calls. */
export const POWER_CUT: Fault = {
  name: "power_cut",
  crashes: true,
  strike: ({ cluster, node, crash }) => {
    const { nodes } = cluster;
    const next: SimulatedNode = nodes[(nodes.indexOf(node) + 1) % nodes.length] ?? node;
    for (const end of new Set([node, next])) crash(end, "power_cut");
  },
};
