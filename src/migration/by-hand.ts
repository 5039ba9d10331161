import type { Cluster } from "../cluster/cluster.ts";
import type { Clock } from "../platform/clock.ts";
import { Problem } from "../platform/errors.ts";
import { sleep, type Timers } from "../platform/timers.ts";
import type { EntityType, OutboxRow } from "../store/rows.ts";
import type { Tanks } from "../tanks/tanks.ts";
import type { Destination } from "./connections/destinations.ts";
import { destinationOf, sourceOf } from "./connections/ends.ts";
import { absenceOf, type HealthPorts, knownHealth } from "./connections/health.ts";
import type { DestinationName, TransferDetail } from "./migration.ts";
import type { Answer } from "./transfer/courier.ts";
import type { Outgoing } from "./transfer/outgoing.ts";
import { isSettled } from "./transfer/settlement.ts";

/** A single fish or plant that is told to travel. */
export interface HandTransfer {
  /** A tank of this node. */
  readonly source_tank_id: string;
  readonly destination: DestinationName;
  readonly entity_type: Exclude<EntityType, "copy">;
  readonly entity_id: string;
}

/**
 * What an operator decides about a transfer that its destination has not decided: the entity is
 * back in its tank, or it has arrived. Nobody checks that: a wrong word doubles or loses it.
 */
export type HandDecision = "restore" | "delivered";

/** Transfers by an operator's hand. All methods reject with Problem. */
export interface ByHand {
  /**
   * Sends it, and waits a bounded time for the decision; without one the state is `pending` or
   * `in_doubt`. Rejects with `unknown_tank`, `unknown_server`, `unknown_fish`, `invalid`,
   * `unreachable`, `not_ready`; then it is still in its tank.
   */
  send(order: HandTransfer): Promise<TransferDetail>;
  /** Ends the escrow. Rejects with `unknown_transfer`, `conflict` (no open one of this node). */
  resolve(transferId: string, decision: HandDecision): Promise<TransferDetail>;
}

/** The wait for a decision, and for the commit of one that was made by hand. */
const DECISION_WAIT_MS = 5_000;
/** The wait for the clearance of a node that has just started. */
const CLEARANCE_WAIT_MS = 5_000;
const CLEARANCE_POLL_MS = 100;
/** Longer than a request that is under way, whose answer counts more than an operator's word. */
const RESOLUTION_WAIT_MS = 12_000;

export interface ByHandPorts extends HealthPorts {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
  readonly outgoing: Outgoing;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly row: (transferId: string) => Promise<OutboxRow | undefined>;
  /** Of both directions. Rejects with Problem `unknown_transfer`. */
  readonly view: (transferId: string) => Promise<TransferDetail>;
}

export function createByHand(ports: ByHandPorts): ByHand {
  return {
    send: (order) => send(ports, order),
    resolve: (transferId, decision) => resolve(ports, transferId, decision),
  };
}

async function send(ports: ByHandPorts, order: HandTransfer): Promise<TransferDetail> {
  const { cluster, outgoing, view } = ports;
  const { positions } = cluster;
  if (positions.fenced) throw positions.fenced;
  const source_tank_id = sourceOf(ports, order.source_tank_id);
  const destination = destinationOf(ports, order.destination);
  if (destination.destination_tank_id === source_tank_id) {
    throw new Problem("invalid", "A transfer needs two different tanks.");
  }
  requireHealthy(ports, destination);
  const side = await sideOf(ports, source_tank_id, order);
  await cleared(ports);
  const { entity_type, entity_id: entityId } = order;
  const departure = { source_tank_id, ...destination, connection_id: null, entity_type, entityId };
  const transferId = await outgoing.send({ ...departure, side });
  if (transferId === undefined) throw absent(order);
  await settled(ports, transferId, DECISION_WAIT_MS);
  return view(transferId);
}

/** Soon after a start no fish may leave, until it is known that this node is no copy. */
async function cleared({ cluster, clock, timers }: ByHandPorts): Promise<void> {
  const deadlineMs = clock.monotonicMs() + CLEARANCE_WAIT_MS;
  while (!cluster.positions.clearedForExport(clock.monotonicMs())) {
    if (clock.monotonicMs() >= deadlineMs) {
      throw new Problem("not_ready", "This node has just started; it sends fish in a few seconds.");
    }
    await sleep(timers, CLEARANCE_POLL_MS);
  }
}

/**
 * What is known to be away or gone costs the fish no time in escrow. A node that has just come may
 * not have been dialled yet: that says nothing.
 */
function requireHealthy(ports: ByHandPorts, destination: Destination): void {
  const { destination_tank_id: tankId, destination_node_id: nodeId } = destination;
  const { cluster } = ports;
  const isAway = nodeId !== cluster.nodeId && absenceOf(cluster, nodeId) !== undefined;
  const known = knownHealth(ports, destination);
  if (known === undefined || (known.health !== "gone" && !isAway)) return;
  const code = known.health === "gone" ? "unknown_tank" : "unreachable";
  throw new Problem(code, `The tank ${tankId} cannot be reached: ${known.reason}.`);
}

/** The wall that it swims towards. @throws Problem `unknown_fish` */
async function sideOf({ tanks }: ByHandPorts, tankId: string, order: HandTransfer) {
  if (order.entity_type === "plant") return "right";
  const fish = await tanks.fishProfile(tankId, order.entity_id);
  if (fish === undefined) throw absent(order);
  return fish.vx < 0 ? "left" : "right";
}

function absent({ entity_type, entity_id, source_tank_id }: HandTransfer): Problem {
  const what = `living ${entity_type} ${entity_id} in tank ${source_tank_id}`;
  return new Problem("unknown_fish", `There is no ${what} that can leave it now.`);
}

async function resolve(
  ports: ByHandPorts,
  transferId: string,
  decision: HandDecision,
): Promise<TransferDetail> {
  const { outgoing, cluster, row: rowOf, view } = ports;
  if (cluster.positions.fenced) throw cluster.positions.fenced;
  const row = await rowOf(transferId);
  if (row === undefined) {
    const { source_server_id, source_node_id } = await view(transferId);
    const source = source_server_id ?? source_node_id;
    throw new Problem(
      "conflict",
      `The transfer ${transferId} came from ${source}: resolve it there, where it is in escrow.`,
    );
  }
  if (isSettled(row.state)) throw new Problem("conflict", `It is ${row.state} already.`);
  const verdict = decision === "delivered" ? "accepted" : "refused";
  const reason = decision === "delivered" ? null : "resolved_by_hand";
  const { destination_node_id: nodeId } = row;
  const answer: Answer = { verdict, reason, nodeId, position: undefined, byHand: true };
  const escrow = outgoing.escrow(transferId);
  if (escrow === undefined) {
    throw new Problem("not_ready", "This node does not attend to its transfers yet.");
  }
  escrow.decideByHand(answer);
  await settled(ports, transferId, RESOLUTION_WAIT_MS);
  const resolved = await view(transferId);
  if (outgoing.escrow(transferId) === undefined) return resolved;
  throw new Problem(
    "not_ready",
    `The transfer ${transferId} is not resolved yet: its tank or the disk does not take it now, ` +
      "or a request to its destination is under way. It will be, unless this node stops before.",
  );
}

/** Resolves when the transfer is settled, or after the time. */
async function settled(
  { outgoing, timers }: ByHandPorts,
  transferId: string,
  waitMs: number,
): Promise<void> {
  const settlement = outgoing.escrow(transferId)?.settled.promise;
  if (settlement === undefined) return;
  const waited = new AbortController();
  await Promise.race([settlement, sleep(timers, waitMs, waited.signal)]);
  waited.abort();
}
