import type { SimulatedNode } from "../cluster.ts";
import { type Fault, lasting, type Strike } from "./fault.ts";

/** Beyond the time after which a node is taken for dead, and an offer for unanswered. */
const PAUSE_MAX_MS = 20_000;
/** After a start, which is over sooner: then it is paused before it has pinged anybody. */
const WINDOW_MS = 400;

function pause(strike: Strike, name: string, node: SimulatedNode): void {
  const { process } = node.host;
  if (!process) return;
  strike.cluster.world.record(`pause ${node.name}`);
  process.pause();
  const forMs = strike.draws.integer(500, PAUSE_MAX_MS);
  lasting(strike, { name, nodes: [node], forMs }, () => process.resume());
}

export const PAUSES: readonly Fault[] = [
  { name: "pause", strike: (strike) => pause(strike, "pause", strike.node) },
  {
    // Its port is bound, and others connect to it, before it has said its first word.
    name: "start_paused",
    crashes: true,
    strike: (strike) => {
      const { cluster, node, draws } = strike;
      node.host.kill();
      node.boot();
      cluster.world.schedule(draws.integer(0, WINDOW_MS), `start of ${node.name}`, () => {
        if (node.running && !node.hasPinged) pause(strike, "start_paused", node);
      });
    },
  },
];
