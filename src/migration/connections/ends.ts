import type { Cluster } from "../../cluster/cluster.ts";
import type { AnnouncedTank, ServerRecord } from "../../cluster/server-record.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { DestinationName } from "../migration.ts";
import { type Destination, isSameDestination } from "./destinations.ts";

export interface EndPorts {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
}

/** The id of a tank of this node. @throws Problem `unknown_tank` */
export function sourceOf({ tanks, cluster }: EndPorts, asked: string): string {
  if (tanks.get(asked)) return asked;
  const located = cluster.locate(asked);
  if (located?.is_local && tanks.get(located.tank.tank_id)) return located.tank.tank_id;
  const where = located ? `: it is on ${located.server_id}; connect it there` : "";
  throw new Problem("unknown_tank", `This node has no tank ${asked}${where}.`);
}

/** @throws Problem `unknown_tank`, `unknown_server`, `conflict`, `invalid` */
export function destinationOf(ports: EndPorts, asked: DestinationName): Destination {
  const { tanks, cluster } = ports;
  const { tank_id, server_id } = asked;
  if (server_id !== undefined) return destinationOn(ports, server_id, tank_id);
  if (tanks.get(tank_id)) {
    return { destination_tank_id: tank_id, destination_node_id: cluster.nodeId };
  }
  const located = cluster.locate(tank_id);
  if (!located) {
    throw new Problem("unknown_tank", `No node has a tank ${tank_id}; name its server as well.`);
  }
  return { destination_tank_id: located.tank.tank_id, destination_node_id: located.node_id };
}

/** A tank that its server has not announced may still exist where the list is truncated. */
function destinationOn({ tanks, cluster }: EndPorts, serverId: string, asked: string): Destination {
  const server = cluster.server(serverId);
  if (!server) throw new Problem("unknown_server", `There is no server ${serverId}.`);
  if (server.node_id === null) {
    throw new Problem("invalid", `${serverId} is not a tankd node: fish cannot be sent there.`);
  }
  const announced = cluster.tanksOf(server.node_id);
  const named = announced.filter((tank) => tank.name === asked);
  const only = named.length === 1 ? named[0] : undefined;
  const known = announced.find((tank) => tank.tank_id === asked) ?? only;
  const destination_tank_id = known?.tank_id ?? asked;
  if (server.node_id === cluster.nodeId) {
    if (!tanks.get(destination_tank_id)) {
      throw new Problem("unknown_tank", `This node has no tank ${asked}.`);
    }
  } else if (!known) {
    if (named.length > 1) {
      throw new Problem("conflict", `${serverId} has several tanks called ${asked}: give an id.`);
    }
    if (isWhole(announced, server)) {
      throw new Problem("unknown_tank", `No node has a tank ${serverId}::${asked}.`);
    }
  }
  return { destination_tank_id, destination_node_id: server.node_id };
}

/** @throws Problem `invalid` */
export function requireDestinations(sourceTankId: string, all: readonly Destination[]): void {
  const most = LIMITS.destinationsMax;
  if (all.length > most) {
    throw new Problem("invalid", `A connection has at most ${most} destinations.`);
  }
  for (const [at, one] of all.entries()) {
    const { destination_tank_id: tank } = one;
    if (tank === sourceTankId) {
      throw new Problem("invalid", "A connection needs two different tanks.");
    }
    if (all.slice(0, at).some((other) => isSameDestination(one, other))) {
      throw new Problem("invalid", `The tank ${tank} is a destination twice.`);
    }
  }
}

/**
 * Whether a server's list names all of its tanks: it is truncated at its limit, and may lag behind
 * the count for a moment.
 */
export function isWhole(announced: readonly AnnouncedTank[], server: ServerRecord): boolean {
  return announced.length < LIMITS.tanksAnnouncedMax && announced.length >= server.tank_count;
}
