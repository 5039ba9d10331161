import type { Cluster } from "../../cluster/cluster.ts";
import { messageOf, Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { ReplacementRule } from "../payloads/entity.ts";
import { problemIn } from "../transfer/protocol.ts";
import type { Destination } from "./destinations.ts";
import { isWhole } from "./ends.ts";
import type { DestinationRecord } from "./records.ts";

/** Whether fish may arrive: `gone` is a tank that is not there, `full` one that has refused. */
export const HEALTHS = ["ok", "unreachable", "gone", "full"] as const;
export type Health = (typeof HEALTHS)[number];

/** `reason` is a clause without a full stop; null where all is well. */
export interface HealthReport {
  readonly health: Health;
  readonly reason: string | null;
}

export interface HealthPorts {
  readonly tanks: Pick<Tanks, "get">;
  readonly cluster: Pick<Cluster, "nodeId" | "server" | "tanksOf">;
  /** Of this node's tanks. Default: `refuse`. */
  readonly replacement?: ReplacementRule;
}

const OK: HealthReport = { health: "ok", reason: null };
const NO_TANK: HealthReport = { health: "gone", reason: "its node has no such tank" };

const OLDER: HealthReport = {
  health: "unreachable",
  reason: "its node runs an older version, which takes no copies",
};

/**
 * The health of a destination: what the cluster knows of it now, else what became of the last fish.
 * `silence` is why a fish that is on its way is not decided; undefined where none waits.
 */
export function healthOf(
  ports: HealthPorts,
  destination: Destination,
  record: Pick<DestinationRecord, "returnReason">,
  silence: string | undefined,
): HealthReport {
  const known = knownHealth(ports, destination);
  return known ?? healthBySilence(silence) ?? healthByReturn(record.returnReason);
}

/** By the directory; undefined where nothing is wrong by it. */
export function knownHealth(
  { tanks, cluster, replacement = "refuse" }: HealthPorts,
  { destination_node_id: nodeId, destination_tank_id: tankId }: Destination,
): HealthReport | undefined {
  if (nodeId === cluster.nodeId) {
    const tank = tanks.get(tankId);
    if (!tank) return { health: "gone", reason: "there is no such tank on this node" };
    const { alive, capacity } = tank.stats;
    if (alive < capacity || replacement === "fair") return undefined;
    return { health: "full", reason: `it holds ${alive} fish` };
  }
  const absence = absenceOf(cluster, nodeId);
  if (absence !== undefined) return { health: "unreachable", reason: absence };
  const server = cluster.server(nodeId);
  if (!server) return undefined;
  if (!server.reachable && !server.relay) {
    return { health: "unreachable", reason: "its node cannot be dialled from here" };
  }
  const announced = cluster.tanksOf(nodeId);
  const isNamed = announced.some((tank) => tank.tank_id === tankId);
  if (isNamed || !isWhole(announced, server)) return undefined;
  return NO_TANK;
}

/** Why no answer of a node is to be expected; undefined for one that is worth a request. */
export function absenceOf(cluster: Pick<Cluster, "server">, nodeId: string): string | undefined {
  const server = cluster.server(nodeId);
  if (!server) return "its node is not in the list of servers";
  if (server.status === "offline") return `its node is offline, last seen ${server.last_seen}`;
  return server.status_reason ?? undefined;
}

function healthBySilence(code: string | undefined): HealthReport | undefined {
  if (code === undefined) return undefined;
  if (code === "unknown_tank") return NO_TANK;
  if (code === "unsupported_entity") return OLDER;
  if (code === "too_many") return { health: "ok", reason: "its node asks to send fewer fish" };
  return { health: "unreachable", reason: `the fish on its way there is not decided: ${code}` };
}

function healthByReturn(reason: string | undefined): HealthReport {
  if (reason === "tank_full") return { health: "full", reason: "it had no room for the last fish" };
  if (reason === "unknown_tank") return NO_TANK;
  if (reason === "unsupported_entity") return OLDER;
  return reason === undefined ? OK : { ...OK, reason: `the last fish came back: ${reason}` };
}

/**
 * Refuses a destination that cannot be reached now: its node is away, or a request to it shows. One
 * that has just come may not have been dialled yet, so the list's `reachable` decides nothing.
 * @throws Problem `unreachable`, `unknown_tank`
 */
export async function requireReachable(
  ports: HealthPorts & { readonly cluster: Pick<Cluster, "read"> },
  destination: Destination,
): Promise<void> {
  const { cluster } = ports;
  const { destination_node_id: nodeId, destination_tank_id: tankId } = destination;
  if (nodeId === cluster.nodeId) return;
  const label = cluster.server(nodeId)?.server_id ?? nodeId;
  const tank = cluster.tanksOf(nodeId).find((one) => one.tank_id === tankId)?.name ?? tankId;
  const refuse = (reason: string) =>
    new Problem(
      "unreachable",
      `The tank ${tank} on ${label} cannot be reached: ${reason}. Nothing was stored; with ` +
        "--force it is, and fish leave once it can.",
    );
  const absence = absenceOf(cluster, nodeId);
  if (absence !== undefined) throw refuse(absence);
  const path = `/api/tanks/${encodeURIComponent(tankId)}`;
  const reply = await cluster.read(nodeId, path).catch((error: unknown) => {
    throw refuse(error instanceof NetworkError ? error.reason : messageOf(error));
  });
  if (problemIn(reply).code !== "unknown_tank") return;
  throw new Problem("unknown_tank", `${label} has no tank ${tank}.`);
}
