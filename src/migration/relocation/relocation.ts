import type { Cluster } from "../../cluster/cluster.ts";
import type { Candidates } from "../../cluster/placement/placement.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf, Problem } from "../../platform/errors.ts";
import { type Cancel, sleep, type Timers } from "../../platform/timers.ts";
import type { Journal } from "../../store/journal.ts";
import type { HostedTank, Tanks } from "../../tanks/tanks.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Migration, MovedTank } from "../migration.ts";
import { Balancer } from "./balancer.ts";
import { Drain, type DrainView } from "./drain.ts";

export interface RelocationPorts {
  readonly cluster: Cluster;
  readonly migration: Pick<Migration, "moveTank" | "movedTo">;
  readonly tanks: Tanks;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Whether tanks move by themselves. */
  readonly balance: boolean;
}

/** Which tanks move where, and when. All methods reject with Problem. */
export interface Relocation {
  /**
   * Moves a tank of this node to a server, or with `auto` to the least loaded other one that fits.
   * Resolves with undefined when it takes long; then it goes on. Rejects like
   * `Migration.moveTank`, and with `no_placement`.
   */
  move(tankId: string, server: string): Promise<MovedTank | undefined>;
  readonly drain: {
    /**
     * Moves every tank away, to one server or each to the least loaded, and lets none come. Goes on
     * after a restart. Rejects where a tank has nowhere to go; then nothing is changed.
     */
    start(server?: string): Promise<DrainView>;
    /** False where there is no drain. */
    cancel(): Promise<boolean>;
    view(): DrainView | undefined;
    /** Why the last drain has ended without a tank that moved; undefined where it has not. */
    gaveUp(): string | undefined;
    /** Why this node takes no tank now; undefined where it does. */
    refusal(): Problem | undefined;
  };
  /** Called with each tank that has left this node. */
  onMoved(listener: (tankId: string) => void): Cancel;
  /** Learns whether this node is being drained; before it meets others. */
  recall(): Promise<void>;
  start(): void;
  stop(): void;
}

/** The longest that a caller waits for a move; shorter than nodes wait for each other's answers. */
const MOVE_WAIT_MS = 7_000;

export function createRelocation(ports: RelocationPorts): Relocation {
  return new Relocator(ports);
}

class Relocator implements Relocation {
  readonly #ports: RelocationPorts;
  readonly #drain: Drain;
  readonly #balancer: Balancer | undefined;
  readonly #listeners = new Set<(tankId: string) => void>();
  #stopBalancing: Cancel = () => {};

  constructor(ports: RelocationPorts) {
    const { cluster } = ports;
    this.#ports = ports;
    this.#drain = new Drain({
      ...ports,
      labelOf: (id) => cluster.server(id)?.server_id ?? id,
      candidates: (fish, to) => this.#candidates(fish, to),
      move: (tank, to) => this.#moveTo(tank, to.node_id),
    });
    const balancing = {
      ...ports,
      nodeId: cluster.nodeId,
      placement: cluster.placement,
      isFree: () => !this.#drain.isOn && cluster.orders.mayGive && !cluster.positions.fenced,
      move: (tank: HostedTank, to: string) => this.#moveTo(tank, to),
    };
    this.#balancer = ports.balance ? new Balancer(balancing) : undefined;
  }

  async move(tankId: string, server: string): Promise<MovedTank | undefined> {
    const tank = this.#ports.tanks.get(tankId);
    if (!tank) throw new Problem("unknown_tank", `This node has no tank ${tankId}.`);
    const asked = server === "auto" ? undefined : this.#nodeOf(server);
    if (asked === this.#ports.cluster.nodeId) {
      const { serverId } = this.#ports.cluster;
      const where = `is on the server ${serverId} already`;
      throw new Problem("invalid", `The tank ${tank.row.name} ${where}.`);
    }
    const { fitting, unfit } = this.#candidates(tank.stats.alive, asked);
    const [first] = fitting;
    if (first) return this.#soon(tank, this.#moveTo(tank, first.node_id));
    const why = unfit.map(({ server_id, why }) => `${server_id} ${why}`).join("; ");
    throw new Problem(
      "no_placement",
      `The tank ${tank.row.name} stays: ${why === "" ? "there is no other server" : why}.`,
    );
  }

  readonly drain: Relocation["drain"] = {
    start: async (server) => {
      const { cluster } = this.#ports;
      if (cluster.positions.fenced) throw cluster.positions.fenced;
      const to = server === undefined ? undefined : this.#nodeOf(server);
      if (to === cluster.nodeId) {
        throw new Problem("invalid", "A node is not drained to itself; nothing is moved.");
      }
      return this.#drain.start(to);
    },
    cancel: () => this.#drain.cancel(),
    view: () => this.#drain.view(),
    gaveUp: () => this.#drain.gaveUp,
    refusal: () => this.#drain.refusal(),
  };

  onMoved(listener: (tankId: string) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  recall(): Promise<void> {
    return this.#drain.recall();
  }

  start(): void {
    this.#drain.resume();
    if (!this.#balancer) return;
    if (!this.#ports.cluster.orders.mayGive) {
      this.#ports.log.warn("no tanks are moved to balance: this node has no cluster secret");
    }
    this.#stopBalancing = this.#balancer.start();
  }

  stop(): void {
    this.#drain.stop();
    this.#stopBalancing();
  }

  async #soon(tank: HostedTank, moving: Promise<MovedTank>): Promise<MovedTank | undefined> {
    const { timers, log } = this.#ports;
    const over = new AbortController();
    const isLong = sleep(timers, MOVE_WAIT_MS, over.signal).then(() => undefined);
    try {
      return await Promise.race([moving, isLong]);
    } finally {
      over.abort();
      moving.catch((error: unknown) => {
        log.warn("tank not moved", { tank: tank.row.name, reason: messageOf(error) });
      });
    }
  }

  #nodeOf(asked: string): string {
    const server = this.#ports.cluster.server(asked);
    if (server === undefined) throw new Problem("unknown_server", `There is no server ${asked}.`);
    if (server.node_id !== null) return server.node_id;
    throw new Problem("no_placement", `${asked} is not a tankd node: it hosts no tanks.`);
  }

  #candidates(fish: number, to: string | undefined): Candidates {
    const { placement, nodeId } = this.#ports.cluster;
    return placement.candidates({ fish }, ({ node_id }) =>
      to === undefined ? node_id !== nodeId : node_id === to,
    );
  }

  async #moveTo({ row, stats }: HostedTank, nodeId: string): Promise<MovedTank> {
    const { cluster, migration } = this.#ports;
    const reservation = cluster.placement.reserve(nodeId, stats.alive);
    try {
      const moved = await migration.moveTank(row.tank_id, nodeId);
      reservation.placed({ tank_id: row.tank_id, name: moved.name });
      return moved;
    } catch (error) {
      reservation.release();
      throw error;
    } finally {
      const hasLeft = migration.movedTo(row.tank_id) !== undefined;
      if (hasLeft) for (const listener of [...this.#listeners]) listener(row.tank_id);
    }
  }
}
