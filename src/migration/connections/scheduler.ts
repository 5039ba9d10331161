import type { Cluster } from "../../cluster/cluster.ts";
import { messageOf } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Random } from "../../platform/random.ts";
import type { Migrant } from "../../sim/types.ts";
import type { ConnectionRow } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Outgoing } from "../transfer/outgoing.ts";
import { pairOf } from "../transfer/sequences.ts";
import type { Undecided } from "../transfer/undecided-pairs.ts";
import { chooseDestinations } from "./choice.ts";
import type { Connections } from "./connections.ts";
import { type Destination, destinationsOf } from "./destinations.ts";

export interface SchedulerPorts {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
  readonly connections: Connections;
  readonly outgoing: Outgoing;
  readonly random: Random;
  readonly log: Log;
}

/** A destination to which fish may leave now. */
interface Opening extends Destination {
  /** How many more. */
  room: number;
}

/** Fish that are to leave by a connection now, and where they may go. */
interface Draw {
  readonly row: ConnectionRow;
  readonly open: readonly Opening[];
  readonly count: number;
}

/** Decides at random for each connection whether fish leave now, which, and where to. */
export class Scheduler {
  readonly #ports: SchedulerPorts;

  constructor(ports: SchedulerPorts) {
    this.#ports = ports;
  }

  /**
   * One draw of every connection. Never rejects. At most one draw's fish of a pair of tanks are
   * undecided, and none follows one that was not answered with a decision: what a destination that
   * is silent, or busy, keeps in escrow is one draw of each pair.
   */
  async draw(): Promise<void> {
    const { tanks, connections, outgoing } = this.#ports;
    if (tanks.storageFault !== undefined) return;
    let places = LIMITS.outboxOpenMax - outgoing.count;
    const undecided = outgoing.undecidedPairs();
    const drawn: Draw[] = [];
    for (const row of connections.list()) {
      const open = this.#openDestinations(row, undecided);
      if (open.length === 0 || !this.#isDrawn(row)) continue;
      const each = row.strategy === "broadcast" ? open.length : 1;
      const room = open.reduce((sum, opening) => sum + opening.room, 0);
      const most = Math.min(room, connections.records.allowed(row), places);
      const count = Math.min(row.count, Math.floor(most / each));
      if (count <= 0) continue;
      places -= count * each;
      drawn.push({ row, open, count });
    }
    const sources = Map.groupBy(drawn, ({ row }) => row.source_tank_id);
    await Promise.all([...sources.values()].map((draws) => this.#sendInTurn(draws)));
  }

  #openDestinations(
    row: ConnectionRow,
    undecided: ReadonlyMap<string, Undecided>,
  ): readonly Opening[] {
    const { tanks, connections } = this.#ports;
    if (row.status === "paused") return [];
    const source = tanks.get(row.source_tank_id);
    if (!source || source.status === "stopped") return [];
    const { source_tank_id, connection_id } = row;
    return destinationsOf(row).flatMap((destination) => {
      const { transfers = 0, unanswered = 0 } =
        undecided.get(pairOf({ source_tank_id, ...destination })) ?? {};
      const room = row.count - transfers;
      if (room <= 0 || unanswered > 0) return [];
      if (connections.records.isResting(connection_id, destination)) return [];
      return this.#isPresent(destination) ? [{ ...destination, room }] : [];
    });
  }

  /** Nothing is sent to a node that is known to be offline or fenced. */
  #isPresent({ destination_node_id: nodeId }: Destination): boolean {
    const { cluster } = this.#ports;
    if (nodeId === cluster.nodeId) return true;
    const server = cluster.server(nodeId);
    return server !== undefined && server.status !== "offline" && !server.status_reason;
  }

  #isDrawn(row: ConnectionRow): boolean {
    return this.#ports.random.unit() * 100 < row.probability;
  }

  /** Connections of one tank choose one after the other, so that no two choose the same fish. */
  async #sendInTurn(draws: readonly Draw[]): Promise<void> {
    const departures: Promise<unknown>[] = [];
    for (const draw of draws) {
      const { source_tank_id, selection, direction, mode } = draw.row;
      const copies = mode === "copy";
      const wanted = { selection, direction, count: draw.count, ...(copies ? { copies } : {}) };
      const chosen = await this.#guarded(draw.row, () =>
        this.#ports.tanks.pickMigrants(source_tank_id, wanted),
      );
      for (const migrant of chosen ?? []) {
        departures.push(this.#guarded(draw.row, () => this.#sendOne(draw, migrant)));
      }
    }
    await Promise.all(departures);
  }

  async #guarded<T>(
    { connection_id }: ConnectionRow,
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#ports.log.warn("fish could not leave", { connection_id, error: messageOf(error) });
      return undefined;
    }
  }

  async #sendOne({ row, open }: Draw, migrant: Migrant): Promise<void> {
    const { connections, random } = this.#ports;
    const roomy = open.filter(({ room }) => room > 0);
    const destinations = chooseDestinations(row.strategy, roomy, {
      load: (one) => this.#loadOf(one),
      nextTurn: () => connections.records.nextTurn(row.connection_id),
      unit: () => random.unit(),
    });
    await Promise.all(destinations.map((one) => this.#sendTo(one, row, migrant)));
  }

  async #sendTo(
    destination: Opening,
    { source_tank_id, connection_id }: ConnectionRow,
    { fishId, side, record }: Migrant,
  ): Promise<void> {
    const { outgoing, connections } = this.#ports;
    destination.room -= 1;
    const { destination_node_id, destination_tank_id } = destination;
    const transferId = await outgoing.send({
      source_tank_id,
      destination_node_id,
      destination_tank_id,
      connection_id,
      entity_type: record === undefined ? "fish" : "copy",
      entityId: fishId,
      side,
      record,
    });
    if (transferId === undefined) return;
    connections.records.noteSent(connection_id, destination, transferId);
  }

  /** A node tells how many fish and tanks it has, and not how many are in one tank. */
  #loadOf({ destination_node_id, destination_tank_id }: Destination): number {
    const { tanks, cluster } = this.#ports;
    const own = tanks.get(destination_tank_id);
    if (own) return own.stats.alive;
    const server = cluster.server(destination_node_id);
    return server ? server.fish_count / Math.max(1, server.tank_count) : 0;
  }
}
