import type { Cluster, ServerFilter } from "../../cluster/cluster.ts";
import type { AutoConnection } from "../../cluster/server-record.ts";
import type { Clock } from "../../platform/clock.ts";
import { invariant, messageOf, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { Mutex } from "../../platform/mutex.ts";
import { type Random, randomHex } from "../../platform/random.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";
import type { ConnectionRow } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { Log } from "../../telemetry/log.ts";
import type { GivenTerms, NewConnection } from "../migration.ts";
import { commitDurably } from "../transfer/commit-durably.ts";
import { wantedAutoConnection } from "./auto-connection.ts";
import {
  type Destination,
  destinationColumns,
  destinationsOf,
  isSameDestination,
  relocated,
  stays,
  type WhereIs,
} from "./destinations.ts";
import { destinationOf, requireDestinations, sourceOf } from "./ends.ts";
import { requireReachable } from "./health.ts";
import { ConnectionRecords } from "./records.ts";
import { requireTerms, TERMS_DEFAULT, withTerms } from "./terms.ts";

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
  readonly autoConnectTo?: ServerFilter;
  /** The node that a tank is on now which was on another. Default: none has moved. */
  readonly whereIs?: WhereIs;
}

/** A connection without what is the node's own to give. */
export type WantedConnection = Omit<ConnectionRow, "connection_id" | "created_at" | "origin">;

export interface StoredConnection {
  readonly row: ConnectionRow;
  /** The connection that it changed or replaced. */
  readonly previous: ConnectionRow | undefined;
}

/**
 * The connections that leave tanks of this node. They are stored in the journal; memory has the
 * last committed state. Changes are serialised by a mutex.
 */
export class Connections {
  readonly records: ConnectionRecords;
  readonly #ports: ConnectionPorts;
  readonly #rows = new Map<string, ConnectionRow>();
  readonly #changes = new Mutex();
  #removedByHand = false;

  constructor(ports: ConnectionPorts) {
    this.#ports = ports;
    this.records = new ConnectionRecords(ports.clock);
  }

  async load(): Promise<void> {
    const { journal } = this.#ports;
    for (const row of await journal.connections()) this.#rows.set(row.connection_id, row);
    this.records.keep(this.list());
    this.records.load(await journal.connectionCounts());
    this.#removedByHand = (await journal.meta(AUTO_CONNECTION_REMOVED)) !== undefined;
  }

  get auto(): AutoConnection {
    if (!this.#ports.autoConnect) return "off";
    return this.#removedByHand ? "removed" : "on";
  }

  list(): readonly ConnectionRow[] {
    return [...this.#rows.values()];
  }

  /** Whether fish of it ask for a place in a full tank. */
  asksToReplace(connectionId: string | null): boolean {
    return this.#rows.get(connectionId ?? "")?.replacement === "fair";
  }

  /**
   * Adds a connection, or updates the one between the same tanks. It replaces the automatic
   * connection of its source tank. @throws Problem `unreachable` where a destination is, unless
   * that is to be ignored
   */
  async connect(spec: NewConnection): Promise<StoredConnection> {
    const wanted = this.#resolve(spec);
    if (!spec.force) await this.requireReachable([wanted]);
    const [stored] = await this.store([wanted], () => false);
    invariant(stored, "every wanted connection is stored");
    return stored;
  }

  /** @throws Problem `unreachable`, `unknown_tank` */
  async requireReachable(all: readonly WantedConnection[]): Promise<void> {
    const destinations = new Map(
      all.flatMap(destinationsOf).map((one) => [JSON.stringify(one), one]),
    );
    await Promise.all([...destinations.values()].map((one) => requireReachable(this.#ports, one)));
  }

  /** Stores connections in one commit, in place of the automatic ones and of `former` ones. */
  store(
    all: readonly WantedConnection[],
    former: (row: ConnectionRow) => boolean,
  ): Promise<readonly StoredConnection[]> {
    return this.#changes.run(async () => {
      const stored = all.map((wanted) => this.#stored(wanted));
      const kept = new Set(stored.map(({ row }) => row.connection_id));
      const sources = new Set(all.map((row) => row.source_tank_id));
      const gone = this.list().filter(
        (row) =>
          !kept.has(row.connection_id) &&
          (former(row) || (row.origin === "auto" && sources.has(row.source_tank_id))),
      );
      const added = stored.filter(({ row }) => !this.#rows.has(row.connection_id)).length;
      if (added > 0 && this.#rows.size - gone.length + added > LIMITS.connectionsMax) {
        throw new Problem("too_many", `A node keeps at most ${LIMITS.connectionsMax} connections.`);
      }
      await this.#commit([
        ...gone.map(({ connection_id }) => ({ remove: "connection", connection_id }) as const),
        ...stored.map(({ row }) => ({ put: "connection", row }) as const),
      ]);
      return stored;
    });
  }

  #stored(wanted: WantedConnection): StoredConnection {
    const fromSource = this.list().filter((row) => row.source_tank_id === wanted.source_tank_id);
    const same = fromSource.find((row) => isSameDestination(row, wanted));
    const row: ConnectionRow = { ...(same ?? this.#fresh()), ...wanted, origin: "manual" };
    return { row, previous: same ?? fromSource.find((other) => other.origin === "auto") };
  }

  /** Removes the connections of a topology. @throws Problem `unknown_connection` */
  removeTopology(name: string): Promise<readonly ConnectionRow[]> {
    return this.#changes.run(async () => {
      const rows = this.list().filter((row) => row.topology === name);
      if (rows.length === 0) {
        throw new Problem("unknown_connection", `There is no topology ${name} here.`);
      }
      await this.#commit(
        rows.map(({ connection_id }) => ({ remove: "connection", connection_id }) as const),
      );
      return rows;
    });
  }

  /** Changes terms of a connection and leaves the others, and its origin. */
  change(connectionId: string, terms: GivenTerms): Promise<ConnectionRow> {
    return this.#changes.run(async () => {
      const row = withTerms(this.#require(connectionId), terms);
      requireTerms(row);
      await this.#commit([{ put: "connection", row }]);
      return row;
    });
  }

  /** Removes a connection. The automatic one stays removed, across restarts too. */
  disconnect(connectionId: string): Promise<void> {
    return this.#changes.run(async () => {
      const byHand = this.#require(connectionId).origin === "auto";
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
        const { whereIs = stays } = this.#ports;
        const moved = relocated(this.list(), whereIs);
        if (moved.length > 0) await this.#commit(moved);
        const writes = [...(await this.#withoutOrphans()), ...this.#autoChanges()];
        if (writes.length > 0) await this.#commit(writes);
      });
    } catch (error) {
      this.#ports.log.warn("connections not updated", { error: messageOf(error) });
    }
  }

  /** Commits that a tank of this node belongs to another, with what that means for connections. */
  handOver(
    tankId: string,
    nodeId: string,
    commit: (writes: readonly JournalWrite[]) => Promise<void>,
  ): Promise<void> {
    return this.#changes.run(async () => {
      const left = this.list().filter((row) => row.source_tank_id !== tankId);
      const gone = this.list().filter((row) => row.source_tank_id === tankId);
      const writes = [
        ...gone.map(({ connection_id }) => ({ remove: "connection", connection_id }) as const),
        ...relocated(left, (tank, node) => (tank === tankId ? nodeId : node)),
      ];
      await commit(writes);
      this.#apply(writes);
    });
  }

  /** Commits that a tank of another node belongs to this one, with the connections it brings. */
  takeOver(
    tankId: string,
    brought: readonly ConnectionRow[],
    commit: (writes: readonly JournalWrite[]) => Promise<void>,
  ): Promise<void> {
    return this.#changes.run(async () => {
      const { nodeId } = this.#ports.cluster;
      const writes = [
        ...brought.map((row) => {
          const isFree = !this.#rows.has(row.connection_id);
          return { put: "connection", row: isFree ? row : { ...row, ...this.#fresh() } } as const;
        }),
        ...relocated(this.list(), (tank, node) => (tank === tankId ? nodeId : node)),
      ];
      await commit(writes);
      this.#apply(writes);
    });
  }

  /** Destinations that another node announces than the one they are on by the connection. */
  strays(): readonly { readonly tankId: string; readonly nodeId: string }[] {
    const { cluster } = this.#ports;
    const all = this.list().flatMap((row) => destinationsOf(row));
    return all
      .filter(({ destination_tank_id: tankId, destination_node_id: nodeId }) => {
        const located = cluster.locate(tankId);
        return located?.tank.tank_id === tankId && located.node_id !== nodeId;
      })
      .map((one) => ({ tankId: one.destination_tank_id, nodeId: one.destination_node_id }));
  }

  #autoChanges(): JournalWrite[] {
    const { tanks, cluster, autoConnectTo = {} } = this.#ports;
    const present = this.list().filter((row) => row.origin === "auto");
    const around = {
      tanks,
      cluster,
      filter: autoConnectTo,
      connections: this.list(),
      fresh: () => this.#fresh(),
    };
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

  /** Removes connections and destinations whose tank is gone from this node. */
  async #withoutOrphans(): Promise<JournalWrite[]> {
    const { tanks, journal } = this.#ports;
    const suspects = this.list().filter((row) =>
      this.#ownTanks(row).some((tank) => !tanks.get(tank)),
    );
    if (suspects.length === 0) return [];
    // A tank that could not be loaded is still in the journal, and keeps its connections.
    const known = new Set((await journal.tanks()).map((row) => row.tank_id));
    return suspects.flatMap((row) => this.#withoutMissing(row, known));
  }

  #ownTanks(row: ConnectionRow): readonly string[] {
    const own = destinationsOf(row).filter((one) => this.#isOwn(one));
    return [row.source_tank_id, ...own.map((one) => one.destination_tank_id)];
  }

  #withoutMissing(row: ConnectionRow, known: ReadonlySet<string>): readonly JournalWrite[] {
    const all = destinationsOf(row);
    const [first, ...further] = all.filter(
      (one) => !this.#isOwn(one) || known.has(one.destination_tank_id),
    );
    if (!first || !known.has(row.source_tank_id)) {
      return [{ remove: "connection", connection_id: row.connection_id }];
    }
    if (further.length + 1 === all.length) return [];
    const left = { ...row, ...destinationColumns([first, ...further]) };
    return [{ put: "connection", row: left }];
  }

  #isOwn(destination: Destination): boolean {
    return destination.destination_node_id === this.#ports.cluster.nodeId;
  }

  #resolve(spec: NewConnection): WantedConnection {
    const {
      source_tank_id: source,
      destination_tank_id: tank_id,
      destination_server_id: server_id,
      further = [],
      force: _,
      ...terms
    } = spec;
    const wanted = withTerms(TERMS_DEFAULT, terms);
    requireTerms(wanted);
    const ports = this.#ports;
    const source_tank_id = sourceOf(ports, source);
    const all = [
      destinationOf(ports, { tank_id, server_id }),
      ...further.map((name) => destinationOf(ports, name)),
    ] as const;
    requireDestinations(source_tank_id, all);
    return { ...wanted, source_tank_id, ...destinationColumns(all), topology: null };
  }

  #require(connectionId: string): ConnectionRow {
    const row = this.#rows.get(connectionId);
    if (row) return row;
    throw new Problem("unknown_connection", `There is no connection ${connectionId} here.`);
  }

  #fresh(): Pick<ConnectionRow, "connection_id" | "created_at"> {
    const { random, clock } = this.#ports;
    return { connection_id: randomHex(random, 8), created_at: clock.wallMs() };
  }

  async #commit(writes: readonly JournalWrite[]): Promise<void> {
    await commitDurably(this.#ports.journal, writes);
    this.#apply(writes);
  }

  /** What is durable. */
  #apply(writes: readonly JournalWrite[]): void {
    for (const write of writes) {
      if ("put" in write && write.put === "connection") {
        this.#rows.set(write.row.connection_id, write.row);
      } else if ("remove" in write && write.remove === "connection") {
        this.#rows.delete(write.connection_id);
      }
    }
    this.records.keep(this.list());
  }
}

function sameRoute(a: ConnectionRow, b: ConnectionRow): boolean {
  return a.connection_id === b.connection_id && isSameDestination(a, b);
}
