import type { Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";
import type { Journal } from "../store/journal.ts";
import type { TankRow } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";
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
}

/** Brings one tank from the disk into its simulation, and lets it go there. */
export class Recovery {
  readonly #row: TankRow;
  readonly #placement: TankPlacement;
  readonly #snapshots: Snapshots;
  readonly #ports: RecoveryPorts;
  #hopeless = false;

  constructor(row: TankRow, placement: TankPlacement, snapshots: Snapshots, ports: RecoveryPorts) {
    this.#row = row;
    this.#placement = placement;
    this.#snapshots = snapshots;
    this.#ports = ports;
  }

  /** Whether the last try failed for a reason that another try would meet again. */
  get hopeless(): boolean {
    return this.#hopeless;
  }

  /** Whether a tank that is loaded now must stand still until {@link release}. */
  get mustHold(): boolean {
    return this.#ports.storage.fault !== undefined || this.#snapshots.someDamaged;
  }

  /** Never rejects: a tank that cannot be brought back is stopped, and the report says why. */
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
      const load = (history: History) => this.#placement.enter({ history, held: this.mustHold });
      const ports = { ...this.#ports, snapshots: this.#snapshots, load, warn };
      const { loaded, history } = await rebuild(this.#row, ports);
      await this.release();
      this.#hopeless = false;
      return { ...recovered(loaded, history), ...said() };
    } catch (error) {
      this.#hopeless = error instanceof UnusableTank;
      return { status: "stopped", reason: messageOf(error), ...said() };
    }
  }

  /** Lets a held tank go, once nothing of what its recovery passed over can come back. */
  async release(): Promise<void> {
    const { storage, journal } = this.#ports;
    if (!this.#placement.held || this.#placement.stilled) return;
    if (storage.fault === undefined) {
      await this.#snapshots.dismissDamaged(journal).catch((error) => storage.failed(error));
    }
    if (storage.fault !== undefined) this.#placement.explain(storage.fault);
    else if (!this.#placement.stilled) this.#placement.release();
  }
}

function recovered(loaded: SaidOfTank<"loaded">, history: History) {
  const { report, digest, replayedCommands, replayedTicks } = loaded;
  return {
    status: "recovered",
    snapshotSeq: history.snapshot?.seq,
    replayedCommands,
    replayedTicks,
    seq: report.seq,
    tick: report.stats.tick,
    digest,
  } as const;
}
