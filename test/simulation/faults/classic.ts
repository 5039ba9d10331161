import type { SimulatedNode } from "../cluster.ts";
import { type Fault, lasting, type Strike } from "./fault.ts";

/** A clock that has jumped is news for this long. */
const JUMP_MS = 5_000;

/** A partition may outlast the patience of a transfer (60 s), so that aborts are asked for. */
function cut(strike: Strike, name: string, oneWay: boolean): void {
  const { cluster, node, draws } = strike;
  const { world, nodes } = cluster;
  const others = nodes.filter((one) => one !== node).map((one) => one.host);
  const heal = world.network.partition([node.host], others, { oneWay });
  const forMs = draws.integer(1_000, draws.chance(20) ? 90_000 : 15_000);
  lasting(strike, { name, nodes: [node], forMs }, heal);
}

export function healDisk(node: SimulatedNode): void {
  node.store.setFault(undefined);
  node.host.disk.fault = undefined;
}

/** In this order: seeds that found a bug draw from it. */
export const CLASSIC: readonly Fault[] = [
  { name: "kill", crashes: true, strike: ({ node, crash }) => crash(node) },
  { name: "cut", strike: (strike) => cut(strike, "cut", false) },
  { name: "one_way_cut", strike: (strike) => cut(strike, "one_way_cut", true) },
  {
    name: "clock_jump",
    strike: (strike) => {
      const { cluster, node, draws } = strike;
      node.host.wallOffsetMs = draws.integer(-86_400_000, 86_400_000);
      cluster.world.record(`clock of ${node.name} jumps`);
      lasting(strike, { name: "clock_jump", nodes: [node], forMs: JUMP_MS });
    },
  },
  {
    name: "disk_full",
    strike: (strike) => {
      const { cluster, node, draws } = strike;
      cluster.world.record(`disk of ${node.name} full`);
      node.store.setFault("disk full");
      node.host.disk.fault = "disk full";
      const forMs = draws.integer(500, 8_000);
      lasting(strike, { name: "disk_full", nodes: [node], forMs }, () => healDisk(node));
    },
  },
  {
    name: "all_killed",
    crashes: true,
    strike: (strike) => {
      for (const one of strike.cluster.nodes) strike.crash(one);
    },
  },
];
