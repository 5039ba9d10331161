import { costOf } from "../../cluster/placement/fit.ts";
import type { Placement } from "../../cluster/placement/placement.ts";
import { messageOf } from "../../platform/errors.ts";
import { type Cancel, repeat, type Timers } from "../../platform/timers.ts";
import type { HostedTank, Tanks } from "../../tanks/tanks.ts";
import type { Log } from "../../telemetry/log.ts";
import { balancingMove } from "./balance.ts";

export interface BalancerPorts {
  readonly nodeId: string;
  readonly placement: Pick<Placement, "loads">;
  readonly tanks: Pick<Tanks, "list">;
  readonly timers: Timers;
  readonly log: Log;
  /** Whether this node may move tanks now. */
  readonly isFree: () => boolean;
  readonly move: (tank: HostedTank, nodeId: string) => Promise<unknown>;
}

/** Longer than a heartbeat, so that each look sees other records. */
const CHECK_INTERVAL_MS = 20_000;
/** Looks in a row that must find the same: a wave of births is no reason to move. */
const CHECKS_MIN = 3;

/**
 * Moves a tank now and then from this node, while it is the busiest of the cluster, to the least
 * busy one. One at a time, and the next one only after as many looks again.
 */
export class Balancer {
  readonly #ports: BalancerPorts;
  #wanted: { readonly nodeId: string; readonly times: number } | undefined;

  constructor(ports: BalancerPorts) {
    this.#ports = ports;
  }

  start(): Cancel {
    return repeat(this.#ports.timers, CHECK_INTERVAL_MS, () => this.look());
  }

  /** One look at the cluster, with the move that follows from it and the looks before. */
  async look(): Promise<void> {
    const { nodeId, placement, tanks, isFree } = this.#ports;
    const loads = placement.loads();
    const self = loads.find(({ node_id }) => node_id === nodeId);
    const running = tanks.list().filter(({ status }) => status !== "stopped");
    const shift =
      self &&
      isFree() &&
      balancingMove(
        self,
        loads.filter((one) => one !== self),
        running.map(({ row, stats }) => ({ tank_id: row.tank_id, cost: costOf(stats.alive) })),
      );
    if (!shift) {
      this.#wanted = undefined;
      return;
    }
    const times = this.#wanted?.nodeId === shift.node_id ? this.#wanted.times + 1 : 1;
    this.#wanted = { nodeId: shift.node_id, times };
    const tank = running.find(({ row }) => row.tank_id === shift.tank_id);
    if (times < CHECKS_MIN || tank === undefined) return;
    this.#wanted = undefined;
    await this.#move(tank, shift.node_id);
  }

  async #move(tank: HostedTank, to: string): Promise<void> {
    const { log, move } = this.#ports;
    const { name } = tank.row;
    try {
      await move(tank, to);
      log.info("tank moved to balance the cluster", { tank: name, to });
    } catch (error) {
      log.warn("tank not moved to balance", { tank: name, to, reason: messageOf(error) });
    }
  }
}
