import type { Clock } from "../platform/clock.ts";
import { invariant, messageOf, Problem } from "../platform/errors.ts";
import type { Files } from "../platform/files.ts";
import { Mutex } from "../platform/mutex.ts";
import type { Timers } from "../platform/timers.ts";
import type { Command } from "../sim/types.ts";
import type { TankRow } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { adoptTank, foundTank } from "./founding.ts";
import { layDown, settleIn, type TankFile } from "./hand-over.ts";
import type { LeftStates } from "./left-states.ts";
import { Quarantine } from "./quarantine.ts";
import { Recovery } from "./recovery.ts";
import type { TankRecovery } from "./recovery-report.ts";
import { Retry } from "./retry.ts";
import type { ThreadSlot } from "./slots/thread-slot.ts";
import type { Retain } from "./snapshots/retention.ts";
import { SnapshotTaker } from "./snapshots/snapshot-taker.ts";
import { Snapshots } from "./snapshots/snapshots.ts";
import type { StorageWatch } from "./storage-watch.ts";
import type { CommitFailure, TankIncarnation } from "./tank-incarnation.ts";
import { TankLog } from "./tank-log.ts";
import { type PlacementDeps, TankPlacement } from "./tank-placement.ts";
import type { Alongside, HostedTank, Stamped } from "./tanks.ts";
import type { CapturedState } from "./thread/simulation.ts";

const STOPPING = "the node stops";

export interface SupervisorDeps extends PlacementDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly storage: StorageWatch;
  readonly retain: Retain;
  readonly leftStates: LeftStates;
}

/**
 * A reassigned tank keeps its thread for a while, so that noise in the demand does not toggle it.
 */
const REASSIGNMENT_INTERVAL_MS = 30_000;

/**
 * Supervises one tank: creates it, recovers it, returns it to its durable state when a change
 * cannot be made durable, and ends it. One such operation at a time.
 */
export class TankSupervisor {
  readonly row: TankRow;
  readonly #deps: SupervisorDeps;
  /** Where the tank runs, and its view. */
  readonly placement: TankPlacement;
  readonly #snapshots: Snapshots;
  readonly #taker: SnapshotTaker;
  readonly #recovery: Recovery;
  readonly #log: TankLog;
  readonly #mutex = new Mutex();
  readonly #quarantine = new Quarantine();
  readonly #retry: Retry;
  #founded: boolean;
  /** Its first recovery has not begun: nothing else loads it before. */
  #isAwaited: boolean;
  #finished = false;
  /** The tank itself failed. */
  #failed = false;
  /** Why the tank is sealed; undefined while it is not. */
  #sealed: string | undefined;
  #reassignableFromMs = 0;

  constructor(row: TankRow, slot: ThreadSlot, deps: SupervisorDeps, founded: boolean) {
    this.row = row;
    this.#deps = deps;
    this.#founded = founded;
    this.#isAwaited = founded;
    this.#log = new TankLog(deps.log, row);
    this.placement = new TankPlacement(row, slot, deps, {
      onFailure: (incarnation, failure) => this.#revert(incarnation, failure),
      onTankFailed: (incarnation, message) => this.#tankFailed(incarnation, message),
      onCaptured: (incarnation, chained) => {
        if (this.#isRunning) this.#taker.offer(incarnation, chained);
      },
    });
    this.#snapshots = new Snapshots(deps.files, row, deps.retain);
    this.#taker = new SnapshotTaker({ ...deps, tankId: row.tank_id, snapshots: this.#snapshots });
    this.#recovery = new Recovery(row, this.placement, this.#snapshots, deps);
    this.#retry = new Retry(deps.timers, () => void this.revive());
  }

  get slot(): ThreadSlot {
    return this.placement.slot;
  }

  /** Whether the tank is durable. Before that it is not listed. */
  get founded(): boolean {
    return this.#founded;
  }

  view(): HostedTank {
    const pastFromTick = this.#snapshots.pastFromTick(this.#deps.engineVersion);
    return { ...this.placement.view(), pastFromTick };
  }

  /** CPU that the tank asks for, in cores; undefined before the first report. */
  get demand(): number | undefined {
    return this.placement.incarnation?.report.demand;
  }

  get reassignable(): boolean {
    return this.#isRunning && this.#deps.clock.monotonicMs() >= this.#reassignableFromMs;
  }

  get #isRunning(): boolean {
    const { incarnation, isFrozen, isReassigning } = this.placement;
    return incarnation !== undefined && !isFrozen && !isReassigning && !this.#finished;
  }

  async submit(command: Command, alongside: Alongside | undefined): Promise<Stamped> {
    if (command.kind === "resume" && this.#givenUp) await this.#tryAgain();
    const stamped = await this.placement.whenPlaced((incarnation) => {
      if (this.placement.isFrozen) throw this.placement.refusal();
      return incarnation.submit(command, alongside);
    });
    const { kind } = stamped.outcome;
    this.#deps.metrics.count("tankd_commands_total", { kind: command.kind, outcome: kind });
    return stamped;
  }

  /** Creates the tank; resolves when it is durable. Rejects with Problem, and nothing is left. */
  found(): Promise<void> {
    return this.#mutex.run(async () => {
      await foundTank(this.placement, this.#recovery.mustFreeze);
      this.#founded = true;
    });
  }

  /**
   * Creates the tank from the state of another. Resolves when it is durable, and loaded if that is
   * possible. Rejects with Problem, and nothing is left.
   */
  adopt(state: CapturedState): Promise<void> {
    return this.#mutex.run(async () => {
      await adoptTank(this.row, state, this.#snapshots, this.#deps);
      this.#founded = true;
      await this.#recover();
    });
  }

  /** Recovers the tank's last durable state, or stops it with a reason. Never rejects. */
  recover(): Promise<TankRecovery> {
    return this.#mutex.run(() => {
      this.#isAwaited = false;
      return this.#recover();
    });
  }

  /**
   * Cancels a recovery that is in progress or pending, because the node stops. It has written
   * nothing; a tank that has recovered already stays.
   */
  abandon(): void {
    if (this.placement.incarnation) return;
    this.#finished = true;
    this.placement.abandon(new Problem("not_ready", STOPPING));
  }

  /** The cause of a stop or freeze is gone: the storage takes writes, or there is a thread. */
  revive(): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#isAwaited) return;
      if (this.#isDown && !this.#givenUp) await this.#recover();
      else await this.#recovery.unfreeze();
    });
  }

  /** An operator asks for another attempt at a tank that is stopped for good. */
  #tryAgain(): Promise<void> {
    return this.#mutex.run(async () => {
      if (!this.#isDown) return;
      this.#failed = false;
      this.#quarantine.lift(this.#deps.clock.monotonicMs());
      await this.#recover();
    });
  }

  get #isDown(): boolean {
    const isHere = this.#founded && !this.#finished && this.#sealed === undefined;
    return isHere && !this.placement.incarnation;
  }

  /**
   * Reassigns the tank to another thread, where it continues from its present state, or on failure
   * from its durable one. Never rejects.
   */
  reassign(slot: ThreadSlot): Promise<void> {
    this.#reassignableFromMs = this.#deps.clock.monotonicMs() + REASSIGNMENT_INTERVAL_MS;
    return this.#mutex.run(async () => {
      await this.#taker.idle();
      if (!this.#isRunning || !slot.usable) return;
      await this.placement.whileReassigning(async () => {
        const covered = this.#snapshots.newest ?? { seq: 0, tick: 0 };
        await this.placement.reassign(slot, covered).catch((error) => this.#notReassigned(error));
      });
    });
  }

  async #notReassigned(error: unknown): Promise<void> {
    this.#log.warn("tank reassignment failed", error);
    const { incarnation } = this.placement;
    if (incarnation) await this.#unload(incarnation, messageOf(error));
    if (this.#isDown && !this.#givenUp) await this.#recover();
  }

  /**
   * The thread is gone; what it applied before still becomes durable. `workedOn` is the incarnation
   * that it was working on.
   */
  threadLost(message: string, workedOn: number): void {
    if (this.placement.runsAs(workedOn)) {
      this.#quarantine.blame(message, this.#deps.clock.monotonicMs());
    }
    this.placement.threadLost(message);
    const { incarnation } = this.placement;
    if (!incarnation) return;
    const { reason } = this.#quarantine;
    void this.#unload(incarnation, reason ?? message);
    if (reason !== undefined) this.#log.stopped(reason);
  }

  /**
   * Ends the tank with a last snapshot, so that nothing needs to be replayed. `when logged`: only
   * if its log has grown since the tank was loaded; otherwise nothing is written.
   */
  finish(snapshot: "always" | "when logged"): Promise<void> {
    return this.#mutex.run(async () => {
      this.#finished = true;
      this.#retry.stop();
      const { incarnation } = this.placement;
      if (!incarnation) return;
      // A fenced node writes nothing: its directory may be the copy of another node's.
      const wanted = !this.#deps.fenceReason() && (snapshot === "always" || incarnation.hasLogged);
      const last = wanted ? await incarnation.captureFinally().catch(() => undefined) : undefined;
      await this.#taker.idle();
      if (last) await this.#taker.take(incarnation, last);
      await this.#unload(incarnation, STOPPING);
    });
  }

  /** Keeps a tank down that a move had sealed before this start. */
  hold(reason: string): void {
    this.#sealed = reason;
    this.placement.explain(reason);
  }

  /** See {@link TankHandOver.seal}. */
  seal(reason: string): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#sealed !== undefined) throw new Problem("tank_moving", this.#sealed);
      const { incarnation, isFrozen } = this.placement;
      if (!incarnation || isFrozen || this.#finished) throw this.placement.refusal();
      try {
        await layDown(incarnation, this.#taker, this.#snapshots);
      } catch (error) {
        if (this.placement.incarnation === incarnation) {
          void this.#unload(incarnation, messageOf(error));
        }
        void this.revive();
        throw error;
      }
      this.#sealed = reason;
      await this.#unload(incarnation, reason);
    });
  }

  /** See {@link TankHandOver.release}. */
  async release(): Promise<void> {
    this.#sealed = undefined;
    await this.revive();
  }

  /** See {@link TankHandOver.handOver}. */
  handOver(commit: () => Promise<void>): Promise<void> {
    return this.#mutex.run(async () => {
      invariant(this.#sealed !== undefined, "only a sealed tank is handed over");
      await commit();
      this.#finished = true;
      await this.#snapshots.removeAll().catch(this.#filesLeft);
    });
  }

  /** See {@link TankHandOver.takeOver}. */
  takeOver(files: readonly TankFile[], commit: () => Promise<void>): Promise<void> {
    return this.#mutex.run(async () => {
      const { files: disk, storage } = this.#deps;
      await settleIn(files, commit, { disk, storage, snapshots: this.#snapshots });
      this.#founded = true;
      await this.#recover();
    });
  }

  /** Removes the tank from the disk. If that fails, recovers it and rejects with Problem. */
  remove(): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#sealed !== undefined) throw new Problem("tank_moving", this.#sealed);
      const { incarnation } = this.placement;
      if (incarnation) await this.#unload(incarnation, "it is being removed");
      await this.#taker.idle();
      try {
        await this.#deps.journal.commit([{ remove: "tank", tank_id: this.row.tank_id }]);
      } catch (error) {
        this.#deps.storage.failed(error);
        await this.#recover();
        throw new Problem("storage_unavailable", messageOf(error), { cause: error });
      }
      this.#finished = true;
      this.#retry.stop();
      await this.#snapshots.removeAll().catch(this.#filesLeft);
    });
  }

  async #recover(): Promise<TankRecovery> {
    const reason = this.#finished ? STOPPING : this.#sealed;
    if (reason !== undefined) {
      return { row: this.row, status: "stopped", reason, durationMs: 0, warnings: [] };
    }
    invariant(this.#founded && !this.placement.incarnation, "a tank is recovered while it is down");
    await this.#taker.idle();
    const recovery = await this.#recovery.run();
    if (recovery.status === "recovered") {
      this.#retry.succeeded();
      this.#log.recovered();
      void this.#snapshots.sweep().catch(this.#filesLeft);
      return recovery;
    }
    const failure = this.#quarantine.reason ?? recovery.reason;
    this.placement.explain(failure);
    if (!this.#finished) {
      this.#log.stopped(failure);
      if (!this.#givenUp) this.#retry.failed();
    }
    return { ...recovery, reason: failure };
  }

  /** Whether the tank stays down until an operator resumes it. */
  get #givenUp(): boolean {
    return this.#failed || this.#recovery.isHopeless || this.#quarantine.reason !== undefined;
  }

  /** The simulation is ahead of what can be made durable: return to what is. */
  #revert(incarnation: TankIncarnation, { kind, error }: CommitFailure): void {
    if (this.placement.incarnation !== incarnation) return;
    this.#log.warn("tank reverted to its durable state", error);
    if (kind === "storage") this.#deps.storage.failed(error);
    void this.#unload(incarnation, messageOf(error));
    void this.revive();
  }

  #filesLeft = (error: unknown) => this.#log.warn("snapshot files left", error);

  #tankFailed(incarnation: TankIncarnation, message: string): void {
    this.#failed = true;
    void this.#unload(incarnation, message);
    this.#log.stopped(message);
  }

  /** Ends the incarnation. The next operation waits until its log is durable or has failed. */
  #unload(incarnation: TankIncarnation, reason: string): Promise<void> {
    const ended = this.placement.unload(incarnation, reason);
    void this.#mutex.run(() => ended);
    return ended;
  }
}
