import type { Cluster } from "../../cluster/cluster.ts";
import { Problem } from "../../platform/errors.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";
import type { HostedTank, Tanks } from "../../tanks/tanks.ts";
import type { Owners } from "./owners.ts";

/** What is refused before anything is asked. All throw Problem. */

export interface MovablePorts {
  readonly cluster: Cluster;
  readonly tanks: Tanks;
  readonly owners: Owners;
}

/** A tank that may move from here. */
export function movableTank({ cluster, tanks, owners }: MovablePorts, tankId: string): HostedTank {
  const { fenced } = cluster.positions;
  if (fenced) throw fenced;
  const tank = tanks.get(tankId);
  if (!tank) throw new Problem("unknown_tank", `This node has no tank ${tankId}.`);
  // Each node that it was on is kept, for fish that were sent to it there.
  const others = owners.certificates(tankId).filter((one) => one.from !== cluster.nodeId);
  if (others.length + 1 >= MOVE_LIMITS.certificatesMax) {
    throw new Problem("too_many", `A tank can be on ${MOVE_LIMITS.certificatesMax} nodes at most.`);
  }
  if (tank.status === "stopped") {
    const why = tank.reason ?? "it does not run";
    throw new Problem("not_ready", `The tank ${tank.row.name} is stopped: ${why}.`);
  }
  return tank;
}

/** A node that may take a tank, as far as the list tells. */
export function requireDestination({ cluster }: MovablePorts, nodeId: string): void {
  if (nodeId === cluster.nodeId) {
    throw new Problem("invalid", `The tank is on the server ${cluster.serverId} already.`);
  }
  const server = cluster.server(nodeId);
  if (!server) throw new Problem("unknown_server", `There is no server ${nodeId}.`);
  const { server_id, status, status_reason } = server;
  if (status === "offline") {
    throw new Problem("unreachable", `${server_id} is offline; the tank goes on here.`);
  }
  if (status_reason) {
    throw new Problem("unreachable", `${server_id} takes no tank: ${status_reason}`);
  }
}
