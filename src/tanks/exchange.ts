import { Problem } from "../platform/errors.ts";
import type { SharedMemory } from "../platform/shared-memory.ts";
import type { MoveRow, TankRow } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";
import type { TankFile, TankHandOver } from "./hand-over.ts";
import type { TankSupervisor } from "./tank-supervisor.ts";
import type { HostedTank } from "./tanks.ts";

export interface ExchangePorts {
  readonly log: Log;
  readonly sharedMemory?: SharedMemory | undefined;
  /** The tanks of the node, those that are being created or removed included. */
  readonly supervisors: Pick<Map<string, TankSupervisor>, "has" | "delete">;
  /** @throws Problem `unknown_tank` */
  readonly supervisor: (tankId: string) => TankSupervisor;
  /** A new supervisor of a tank that is not durable here yet, under a free name and ordinal. */
  readonly supervise: (row: TankRow) => TankSupervisor;
  /** @throws Problem while the node takes no changes */
  readonly refuseChanges: () => void;
}

/** What a tank shows that an earlier start has sealed. */
const SEALED = "it is moving to another node";

/** Gives tanks to other nodes and takes theirs. */
export class TankExchange implements TankHandOver {
  readonly #ports: ExchangePorts;

  constructor(ports: ExchangePorts) {
    this.#ports = ports;
  }

  /** Keeps tanks down that an earlier start has sealed; before they are recovered. */
  hold(moves: readonly MoveRow[]): void {
    const { supervisors, supervisor } = this.#ports;
    for (const { tank_id, direction, state } of moves) {
      const isSealed = direction === "out" && state === "sealed";
      if (isSealed && supervisors.has(tank_id)) supervisor(tank_id).hold(SEALED);
    }
  }

  async seal(tankId: string, reason: string): Promise<TankRow> {
    const supervisor = this.#ports.supervisor(tankId);
    this.#ports.refuseChanges();
    await supervisor.seal(reason);
    return supervisor.row;
  }

  async release(tankId: string): Promise<void> {
    await this.#ports.supervisor(tankId).release();
  }

  async handOver(tankId: string, commit: () => Promise<void>): Promise<void> {
    const { supervisor, refuseChanges, supervisors, sharedMemory, log } = this.#ports;
    const leaving = supervisor(tankId);
    refuseChanges();
    await leaving.handOver(commit);
    supervisors.delete(tankId);
    sharedMemory?.remove(tankId);
    log.info("tank handed over", { tank_id: tankId, name: leaving.row.name });
  }

  async takeOver(
    row: TankRow,
    files: readonly TankFile[],
    commit: (row: TankRow) => Promise<void>,
  ): Promise<HostedTank> {
    const { supervise, refuseChanges, supervisors, sharedMemory, log } = this.#ports;
    const { tank_id, epoch } = row;
    refuseChanges();
    if (supervisors.has(tank_id)) {
      throw new Problem("conflict", `the tank ${tank_id} is here already`);
    }
    // What an earlier stay has left.
    sharedMemory?.remove(tank_id);
    const supervisor = supervise(row);
    try {
      await supervisor.takeOver(files, () => commit(supervisor.row));
    } catch (error) {
      supervisors.delete(tank_id);
      throw error;
    }
    log.info("tank taken over", { tank_id, name: supervisor.row.name, epoch });
    return supervisor.view();
  }
}
