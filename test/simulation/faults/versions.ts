import type { SimulatedNode } from "../cluster.ts";
import type { Fault, Strike } from "./fault.ts";

/** A clean stop that a full disk holds up is ended by a kill. */
const STOP_MS = 10_000;

/** A node is stopped and goes on with the other build, up or down, while fish travel. */
export const OTHER_BUILD: Fault = {
  name: "other_build",
  crashes: true,
  strike: (strike) => {
    const { node, draws } = strike;
    const version = node.version === "present" ? "earlier" : "present";
    if (draws.chance(50)) replace(strike, node, version);
    else {
      node.version = version;
      strike.crash(node);
    }
  },
};

function replace({ cluster }: Strike, node: SimulatedNode, version: typeof node.version): void {
  const { world } = cluster;
  const { process } = node.host;
  if (!process || !node.running) return;
  world.record(`${node.name} is replaced by the ${version} build`);
  let isOver = false;
  const goOn = () => {
    if (isOver || node.host.process !== process) return;
    isOver = true;
    node.host.kill();
    node.version = version;
    node.boot();
  };
  node.stop().then(goOn, world.fail.bind(world));
  world.schedule(STOP_MS, `end of ${node.name}`, goOn);
}
