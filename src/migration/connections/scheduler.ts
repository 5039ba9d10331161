import type { Cluster } from "../../cluster/cluster.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Random } from "../../platform/random.ts";
import type { ConnectionDirection, ConnectionRow, OutboxRow } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Outgoing } from "../transfer/outgoing.ts";
import { pairOf } from "../transfer/sequences.ts";
import type { Connections } from "./connections.ts";

/**
 * A connection pauses after a return: the reason (a full tank, a missing one) seldom disappears
 * from one draw to the next, and every attempt is two entries in the log.
 */
const restAfterReturnMs = 30_000;

export interface SchedulerPorts {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
  readonly connections: Connections;
  readonly outgoing: Outgoing;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Decides at random for each connection whether a fish leaves now, and which. */
export class Scheduler {
  readonly #ports: SchedulerPorts;
  /** Monotonic time until which a connection pauses. */
  readonly #resting = new Map<string, number>();

  constructor(ports: SchedulerPorts) {
    this.#ports = ports;
  }

  /**
   * One draw of every connection. Never rejects. No fish follows one that is undecided: a
   * destination that is silent, or busy, keeps one fish of each pair of tanks in escrow.
   */
  async draw(): Promise<void> {
    const { tanks, connections, outgoing } = this.#ports;
    if (tanks.storageFault !== undefined) return;
    const places = LIMITS.outboxOpenMax - outgoing.count;
    const undecided = outgoing.openPairs();
    const open = connections
      .list()
      .filter((row) => this.#isOpen(row) && !undecided.has(pairOf(row)));
    const drawn = open.filter((row) => this.#isDrawn(row));
    await Promise.all(drawn.slice(0, Math.max(0, places)).map((row) => this.#sendOne(row)));
  }

  rest({ connection_id }: OutboxRow): void {
    if (connection_id === null) return;
    const nowMs = this.#ports.clock.monotonicMs();
    for (const [id, untilMs] of this.#resting) if (untilMs <= nowMs) this.#resting.delete(id);
    this.#resting.set(connection_id, nowMs + restAfterReturnMs);
  }

  /** Nothing is sent to a node that is known to be offline or fenced. */
  #isOpen(row: ConnectionRow): boolean {
    const { tanks, cluster, clock } = this.#ports;
    const restsUntilMs = this.#resting.get(row.connection_id) ?? 0;
    if (clock.monotonicMs() < restsUntilMs) return false;
    const source = tanks.get(row.source_tank_id);
    if (!source || source.status === "stopped") return false;
    if (row.destination_node_id === cluster.nodeId) return true;
    const server = cluster.server(row.destination_node_id);
    return server !== undefined && server.status !== "offline" && !server.status_reason;
  }

  #isDrawn(row: ConnectionRow): boolean {
    return this.#ports.random.unit() * 100 < row.probability;
  }

  async #sendOne(row: ConnectionRow): Promise<void> {
    const { tanks, outgoing, log } = this.#ports;
    try {
      const entityId = await tanks.pickMigrant(row.source_tank_id);
      if (entityId === undefined) return;
      const { source_tank_id, destination_tank_id, destination_node_id, connection_id } = row;
      await outgoing.send({
        source_tank_id,
        destination_tank_id,
        destination_node_id,
        connection_id,
        entity_type: "fish",
        entityId,
        side: this.#wall(row.direction),
      });
    } catch (error) {
      const { connection_id } = row;
      log.warn("fish could not leave", { connection_id, error: messageOf(error) });
    }
  }

  #wall(direction: ConnectionDirection): "left" | "right" {
    if (direction !== "both") return direction;
    return this.#ports.random.unit() < 0.5 ? "left" : "right";
  }
}
