import type { Cluster } from "../../cluster/cluster.ts";
import type { AnnouncedTank, AutoConnection, ServerRecord } from "../../cluster/server-record.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { Mutex } from "../../platform/mutex.ts";
import { type Random, randomHex } from "../../platform/random.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";
import type { ConnectionRow } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { Log } from "../../telemetry/log.ts";
import type { NewConnection } from "../migration.ts";
import { commitDurably } from "../transfer/commit-durably.ts";
import { wantedAutoConnection } from "./auto-connection.ts";

/** Set in the journal's meta once the automatic connection was removed by hand. */
export const AUTO_CONNECTION_REMOVED = "auto_connection_removed";

export interface ConnectionPorts {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly autoConnect: boolean;
}

/**
 * The connections that leave tanks of this node. They are stored in the journal; memory has the
 * last committed state. Changes are serialised by a mutex.
 */
export class Connections {
  readonly #ports: ConnectionPorts;
  readonly #rows = new Map<string, ConnectionRow>();
  readonly #changes = new Mutex();
  #removedByHand = false;

  constructor(ports: ConnectionPorts) {
    this.#ports = ports;
  }

  async load(): Promise<void> {
    const { journal } = this.#ports;
    for (const row of await journal.connections()) this.#rows.set(row.connection_id, row);
    this.#removedByHand = (await journal.meta(AUTO_CONNECTION_REMOVED)) !== undefined;
  }

  get auto(): AutoConnection {
    if (!this.#ports.autoConnect) return "off";
    return this.#removedByHand ? "removed" : "on";
  }

  list(): readonly ConnectionRow[] {
    return [...this.#rows.values()];
  }

  /**
   * Adds a connection, or updates the one between the same tanks. It replaces the automatic
   * connection of its source tank. `previous` is the connection that it changed or replaced.
   */
  connect(
    spec: NewConnection,
  ): Promise<{ readonly row: ConnectionRow; readonly previous: ConnectionRow | undefined }> {
    return this.#changes.run(async () => {
      const wanted = this.#resolve(spec);
      const fromSource = this.list().filter((row) => row.source_tank_id === wanted.source_tank_id);
      const same = fromSource.find((row) => row.destination_tank_id === wanted.destination_tank_id);
      if (!same && this.#rows.size >= LIMITS.connectionsMax) {
        throw new Problem("too_many", `A node keeps at most ${LIMITS.connectionsMax} connections.`);
      }
      const row: ConnectionRow = { ...(same ?? this.#fresh()), ...wanted, origin: "manual" };
      const replaced = fromSource.filter((other) => other.origin === "auto" && other !== same);
      await this.#commit([
        ...replaced.map(({ connection_id }) => ({ remove: "connection", connection_id }) as const),
        { put: "connection", row },
      ]);
      return { row, previous: same ?? replaced[0] };
    });
  }

  /** Removes a connection. The automatic one stays removed, across restarts too. */
  disconnect(connectionId: string): Promise<void> {
    return this.#changes.run(async () => {
      const row = this.#rows.get(connectionId);
      if (!row) {
        throw new Problem("unknown_connection", `There is no connection ${connectionId} here.`);
      }
      const byHand = row.origin === "auto";
      await this.#commit([
        { remove: "connection", connection_id: connectionId },
        ...(byHand ? [{ put: "meta", key: AUTO_CONNECTION_REMOVED, value: "1" } as const] : []),
      ]);
      this.#removedByHand ||= byHand;
    });
  }

  /**
   * Updates the automatic connection after a change of the cluster, and drops connections of
   * removed tanks. Writes that the storage refuses are retried at the next call.
   */
  async follow(): Promise<void> {
    try {
      await this.#changes.run(async () => {
        const writes = [...(await this.#withoutOrphans()), ...this.#autoChanges()];
        if (writes.length > 0) await this.#commit(writes);
      });
    } catch (error) {
      this.#ports.log.warn("connections not updated", { error: messageOf(error) });
    }
  }

  #autoChanges(): JournalWrite[] {
    const { tanks, cluster } = this.#ports;
    const present = this.list().filter((row) => row.origin === "auto");
    const around = { tanks, cluster, connections: this.list(), fresh: () => this.#fresh() };
    const wanted = this.auto === "on" ? wantedAutoConnection(around) : undefined;
    const unwanted = present.filter((row) => row.connection_id !== wanted?.connection_id);
    const writes: JournalWrite[] = unwanted.map(({ connection_id }) => ({
      remove: "connection",
      connection_id,
    }));
    if (wanted && !present.some((row) => sameRoute(row, wanted))) {
      writes.push({ put: "connection", row: wanted });
      this.#ports.log.info("automatic connection", {
        source_tank_id: wanted.source_tank_id,
        destination_tank_id: wanted.destination_tank_id,
        destination_node_id: wanted.destination_node_id,
      });
    }
    return writes;
  }

  async #withoutOrphans(): Promise<JournalWrite[]> {
    const { tanks, journal, cluster } = this.#ports;
    const ownEnds = (row: ConnectionRow) =>
      row.destination_node_id === cluster.nodeId
        ? [row.source_tank_id, row.destination_tank_id]
        : [row.source_tank_id];
    const suspects = this.list().filter((row) => ownEnds(row).some((tank) => !tanks.get(tank)));
    if (suspects.length === 0) return [];
    // A tank that could not be loaded is still in the journal, and keeps its connections.
    const known = new Set((await journal.tanks()).map((row) => row.tank_id));
    return suspects
      .filter((row) => ownEnds(row).some((tank) => !known.has(tank)))
      .map(({ connection_id }) => ({ remove: "connection", connection_id }) as const);
  }

  #resolve(spec: NewConnection): Omit<ConnectionRow, "connection_id" | "created_at" | "origin"> {
    const { probability, direction } = spec;
    if (!(probability >= 0 && probability <= 100)) {
      throw new Problem("invalid", "The probability is a percentage from 0 to 100.");
    }
    const source_tank_id = this.#sourceOf(spec);
    const destination = this.#destinationOf(spec);
    if (source_tank_id === destination.destination_tank_id) {
      throw new Problem("invalid", "A connection needs two different tanks.");
    }
    return { source_tank_id, ...destination, probability, direction };
  }

  #sourceOf({ source_tank_id: asked }: NewConnection): string {
    const { tanks, cluster } = this.#ports;
    if (tanks.get(asked)) return asked;
    const located = cluster.locate(asked);
    if (located?.is_local && tanks.get(located.tank.tank_id)) return located.tank.tank_id;
    const where = located ? `it is on ${located.server_id}; connect it there` : "see tank ls";
    throw new Problem("unknown_tank", `This node has no tank ${asked}: ${where}.`);
  }

  #destinationOf(
    spec: NewConnection,
  ): Pick<ConnectionRow, "destination_tank_id" | "destination_node_id"> {
    const { tanks, cluster } = this.#ports;
    const asked = spec.destination_tank_id;
    if (spec.destination_server_id !== undefined) {
      return this.#destinationOn(spec.destination_server_id, asked);
    }
    if (tanks.get(asked)) {
      return { destination_tank_id: asked, destination_node_id: cluster.nodeId };
    }
    const located = cluster.locate(asked);
    if (!located) {
      throw new Problem("unknown_tank", `No node has a tank ${asked}; name its server as well.`);
    }
    return { destination_tank_id: located.tank.tank_id, destination_node_id: located.node_id };
  }

  /** A tank that its server has not announced may still exist where the list is truncated. */
  #destinationOn(
    serverId: string,
    asked: string,
  ): Pick<ConnectionRow, "destination_tank_id" | "destination_node_id"> {
    const { tanks, cluster } = this.#ports;
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

  #fresh(): Pick<ConnectionRow, "connection_id" | "created_at"> {
    const { random, clock } = this.#ports;
    return { connection_id: randomHex(random, 8), created_at: clock.wallMs() };
  }

  async #commit(writes: readonly JournalWrite[]): Promise<void> {
    await commitDurably(this.#ports.journal, writes);
    for (const write of writes) {
      if ("put" in write && write.put === "connection") {
        this.#rows.set(write.row.connection_id, write.row);
      } else if ("remove" in write && write.remove === "connection") {
        this.#rows.delete(write.connection_id);
      }
    }
  }
}

/**
 * Whether a server's list names all of its tanks: it is truncated at its limit, and may lag behind
 * the count for a moment.
 */
function isWhole(announced: readonly AnnouncedTank[], server: ServerRecord): boolean {
  return announced.length < LIMITS.tanksAnnouncedMax && announced.length >= server.tank_count;
}

function sameRoute(a: ConnectionRow, b: ConnectionRow): boolean {
  return (
    a.connection_id === b.connection_id &&
    a.destination_node_id === b.destination_node_id &&
    a.destination_tank_id === b.destination_tank_id
  );
}
