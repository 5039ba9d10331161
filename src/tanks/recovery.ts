import type { Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";
import type { Journal } from "../store/journal.ts";
import type { TankRow } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";
import type { LeftStates } from "./left-states.ts";
import { type History, UnusableTank } from "./log/history.ts";
import { rebuild } from "./log/rebuild.ts";
import type { TankRecovery } from "./recovery-report.ts";
import type { Snapshots } from "./snapshots/snapshots.ts";
import type { StorageWatch } from "./storage-watch.ts";
import type { TankPlacement } from "./tank-placement.ts";
import type { SaidOfTank } from "./thread/simulation.ts";

export interface RecoveryPorts {
  readonly journal: Journal;
  readonly engineVersion: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly storage: StorageWatch;
  readonly leftStates: LeftStates;
}

/** Recovers one tank from the disk: loads it into its simulation and starts its clock. */
export class Recovery {
  readonly #row: TankRow;
  readonly #placement: TankPlacement;
  readonly #snapshots: Snapshots;
  readonly #ports: RecoveryPorts;
  #isHopeless = false;

  constructor(row: TankRow, placement: TankPlacement, snapshots: Snapshots, ports: RecoveryPorts) {
    this.#row = row;
    this.#placement = placement;
    this.#snapshots = snapshots;
    this.#ports = ports;
  }

  /** Whether the last attempt failed for a reason that a retry cannot change. */
  get isHopeless(): boolean {
    return this.#isHopeless;
  }

  /** Whether a tank that is loaded now stays frozen until {@link unfreeze}. */
  get mustFreeze(): boolean {
    return this.#ports.storage.fault !== undefined || this.#snapshots.someDamaged;
  }

  /** Never rejects: a tank that cannot be recovered is stopped, and the report says why. */
  async run(): Promise<TankRecovery> {
    const { clock, log } = this.#ports;
    const startedMs = clock.monotonicMs();
    const warnings: string[] = [];
    const warn = (reason: string) => {
      warnings.push(reason);
      log.warn("tank recovers past damage", { tank_id: this.#row.tank_id, reason });
    };
    const said = () => ({ row: this.#row, durationMs: clock.monotonicMs() - startedMs, warnings });
    try {
      const load = (history: History) => this.#placement.load({ history, frozen: this.mustFreeze });
      const left = () => this.#ports.leftStates.take(this.#row.tank_id);
      const ports = { ...this.#ports, snapshots: this.#snapshots, left, load, warn };
      const { loaded, history } = await rebuild(this.#row, ports);
      await this.unfreeze();
      this.#isHopeless = false;
      return { ...recovered(loaded, history), ...said() };
    } catch (error) {
      this.#isHopeless = error instanceof UnusableTank;
      return { status: "stopped", reason: messageOf(error), ...said() };
    }
  }

  /** Starts a frozen tank's clock, once the snapshots that its recovery rejected are gone. */
  async unfreeze(): Promise<void> {
    const { storage, journal } = this.#ports;
    if (!this.#placement.isFrozen || this.#placement.isFenced) return;
    if (storage.fault === undefined) {
      await this.#snapshots.dismissDamaged(journal).catch((error) => storage.failed(error));
    }
    if (storage.fault !== undefined) this.#placement.explain(storage.fault);
    else if (!this.#placement.isFenced) this.#placement.unfreeze();
  }
}

function recovered(loaded: SaidOfTank<"loaded">, history: History) {
  const { report, digest, replayedCommands, replayedTicks } = loaded;
  return {
    status: "recovered",
    fromMemory: history.live !== undefined,
    snapshotSeq: history.snapshot?.seq,
    replayedCommands,
    replayedTicks,
    seq: report.seq,
    tick: report.stats.tick,
    digest,
  } as const;
}
