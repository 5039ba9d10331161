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
import { Quarantine } from "./quarantine.ts";
import { Recovery } from "./recovery.ts";
import type { TankRecovery } from "./recovery-report.ts";
import { Retry } from "./retry.ts";
import type { ThreadSlot } from "./slots/thread-slot.ts";
import type { LogRetention } from "./snapshots/retention.ts";
import { SnapshotTaker } from "./snapshots/snapshot-taker.ts";
import { Snapshots } from "./snapshots/snapshots.ts";
import type { StorageWatch } from "./storage-watch.ts";
import type { CommitFailure, TankIncarnation } from "./tank-incarnation.ts";
import { TankLog } from "./tank-log.ts";
import { type PlacementDeps, TankPlacement } from "./tank-placement.ts";
import type { Alongside, Stamped } from "./tanks.ts";
import type { CapturedState } from "./thread/simulation.ts";

const STOPPING = "the node stops";

export interface SupervisorDeps extends PlacementDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly storage: StorageWatch;
  readonly logRetention: LogRetention;
}

/**
 * A tank that was moved stays for a while, so that noise in the figures does not send it to and
 * fro.
 */
const REST_AFTER_MOVE_MS = 30_000;

/**
 * Keeps one tank alive: founds it, brings it back from what is durable, takes it back there when a
 * change cannot be made durable, and lays it down at the end. One such work at a time.
 */
export class TankSupervisor {
  readonly row: TankRow;
  readonly #deps: SupervisorDeps;
  /** Where it is, and what is seen of it. */
  readonly placement: TankPlacement;
  readonly #snapshots: Snapshots;
  readonly #taker: SnapshotTaker;
  readonly #recovery: Recovery;
  readonly #said: TankLog;
  readonly #turns = new Mutex();
  readonly #quarantine = new Quarantine();
  readonly #retry: Retry;
  #founded: boolean;
  #finished = false;
  /** It met an error of its own. */
  #failed = false;
  #restsUntilMs = 0;

  constructor(row: TankRow, slot: ThreadSlot, deps: SupervisorDeps, founded: boolean) {
    this.row = row;
    this.#deps = deps;
    this.#founded = founded;
    this.#said = new TankLog(deps.log, row);
    this.placement = new TankPlacement(row, slot, deps, {
      onFailure: (incarnation, failure) => this.#takeBack(incarnation, failure),
      onTankFailed: (incarnation, message) => this.#tankFailed(incarnation, message),
      onCaptured: (incarnation, chained) => {
        if (this.#mayMove) this.#taker.offer(incarnation, chained);
      },
    });
    this.#snapshots = new Snapshots(deps.files, row, deps.logRetention);
    this.#taker = new SnapshotTaker({ ...deps, tankId: row.tank_id, snapshots: this.#snapshots });
    this.#recovery = new Recovery(row, this.placement, this.#snapshots, deps);
    this.#retry = new Retry(deps.timers, () => void this.revive());
  }

  get slot(): ThreadSlot {
    return this.placement.slot;
  }

  /** Whether the tank is durable. Before that nobody may see it. */
  get founded(): boolean {
    return this.#founded;
  }

  /** CPU that the tank asks for, in cores; undefined while nothing is known of it. */
  get demand(): number | undefined {
    return this.placement.incarnation?.report.demand;
  }

  get movable(): boolean {
    return this.#mayMove && this.#deps.clock.monotonicMs() >= this.#restsUntilMs;
  }

  get #mayMove(): boolean {
    const { incarnation, held, isMoving } = this.placement;
    return incarnation !== undefined && !held && !isMoving && !this.#finished;
  }

  async submit(command: Command, alongside: Alongside | undefined): Promise<Stamped> {
    if (command.kind === "resume" && this.#givenUp) await this.#tryAgain();
    const stamped = await this.placement.whenPlaced((incarnation) => {
      if (this.placement.held) throw this.placement.refusal();
      return incarnation.submit(command, alongside);
    });
    const { kind } = stamped.outcome;
    this.#deps.metrics.count("tankd_commands_total", { kind: command.kind, outcome: kind });
    return stamped;
  }

  /** Makes a new tank; resolves when it is durable. Rejects with Problem, and nothing is left. */
  found(): Promise<void> {
    return this.#turns.run(async () => {
      await foundTank(this.placement, this.#recovery.mustHold);
      this.#founded = true;
    });
  }

  /**
   * Makes the tank from the state of another; resolves when it is durable, and in its simulation if
   * that is possible. Rejects with Problem, and nothing is left.
   */
  adopt(state: CapturedState): Promise<void> {
    return this.#turns.run(async () => {
      await adoptTank(this.row, state, this.#snapshots, this.#deps);
      this.#founded = true;
      await this.#bringUp();
    });
  }

  /** Brings the tank to its last durable state, or stops it and says why. Never rejects. */
  recover(): Promise<TankRecovery> {
    return this.#turns.run(() => this.#bringUp());
  }

  /**
   * Gives up a recovery that is under way or still to come, because the node stops. Nothing of it
   * is on the disk; a tank that is back already stays.
   */
  abandon(): void {
    if (this.placement.incarnation) return;
    this.#finished = true;
    this.placement.abandon(new Problem("not_ready", STOPPING));
  }

  /** What kept the tank down or still is gone: the storage takes writes, or there is a thread. */
  revive(): Promise<void> {
    return this.#turns.run(async () => {
      if (this.#isDown && !this.#givenUp) await this.#bringUp();
      else await this.#recovery.release();
    });
  }

  /** Somebody believes that what stopped the tank for good is gone. */
  #tryAgain(): Promise<void> {
    return this.#turns.run(async () => {
      if (!this.#isDown) return;
      this.#failed = false;
      this.#quarantine.lift(this.#deps.clock.monotonicMs());
      await this.#bringUp();
    });
  }

  get #isDown(): boolean {
    return this.#founded && !this.placement.incarnation && !this.#finished;
  }

  /**
   * Takes the tank to another thread. It goes on from where it is; when that fails, from what is
   * durable. Never rejects.
   */
  moveTo(slot: ThreadSlot): Promise<void> {
    this.#restsUntilMs = this.#deps.clock.monotonicMs() + REST_AFTER_MOVE_MS;
    return this.#turns.run(async () => {
      await this.#taker.idle();
      if (!this.#mayMove || !slot.usable) return;
      await this.placement.whileMoving(async () => {
        const covered = this.#snapshots.newest ?? { seq: 0, tick: 0 };
        await this.placement.moveTo(slot, covered).catch((error) => this.#moveFailed(error));
      });
    });
  }

  async #moveFailed(error: unknown): Promise<void> {
    this.#said.warn("tank move failed", error);
    const { incarnation } = this.placement;
    if (incarnation) await this.#letGo(incarnation, messageOf(error));
    if (this.#isDown && !this.#givenUp) await this.#bringUp();
  }

  /**
   * The thread is gone; what was applied before still becomes durable. `workedOn` is the load of
   * the tank that it was working on.
   */
  threadLost(message: string, workedOn: number): void {
    if (this.placement.isAtWorkAs(workedOn)) {
      this.#quarantine.blame(message, this.#deps.clock.monotonicMs());
    }
    this.placement.threadLost(message);
    const { incarnation } = this.placement;
    if (!incarnation) return;
    const { reason } = this.#quarantine;
    void this.#letGo(incarnation, reason ?? message);
    if (reason !== undefined) this.#said.stopped(reason);
  }

  /**
   * Ends the tank with its last snapshot, so that nothing needs to be replayed. `when logged`: only
   * if its log has grown since the tank came up, else the disk is left as it was.
   */
  finish(snapshot: "always" | "when logged"): Promise<void> {
    return this.#turns.run(async () => {
      this.#finished = true;
      this.#retry.stop();
      const { incarnation } = this.placement;
      if (!incarnation) return;
      // A node that stands still writes nothing: its directory may be the copy of another's.
      const wanted = !this.#deps.holdReason() && (snapshot === "always" || incarnation.hasLogged);
      const last = wanted ? await incarnation.captureFinally().catch(() => undefined) : undefined;
      await this.#taker.idle();
      if (last) await this.#taker.take(incarnation, last);
      await this.#letGo(incarnation, STOPPING);
    });
  }

  /**
   * Removes the tank from the disk, or, when that fails, brings it back and rejects with Problem.
   */
  remove(): Promise<void> {
    return this.#turns.run(async () => {
      const { incarnation } = this.placement;
      if (incarnation) await this.#letGo(incarnation, "it is being removed");
      await this.#taker.idle();
      try {
        await this.#deps.journal.commit([{ remove: "tank", tank_id: this.row.tank_id }]);
      } catch (error) {
        this.#deps.storage.failed(error);
        await this.#bringUp();
        throw new Problem("storage_unavailable", messageOf(error), { cause: error });
      }
      this.#finished = true;
      this.#retry.stop();
      await this.#snapshots.removeAll().catch(this.#filesLeft);
    });
  }

  async #bringUp(): Promise<TankRecovery> {
    if (this.#finished) {
      return { row: this.row, status: "stopped", reason: STOPPING, durationMs: 0, warnings: [] };
    }
    invariant(this.#founded && !this.placement.incarnation, "the tank may be brought up");
    await this.#taker.idle();
    const recovery = await this.#recovery.run();
    if (recovery.status === "recovered") {
      this.#retry.succeeded();
      this.#said.recovered();
      void this.#snapshots.sweep().catch(this.#filesLeft);
      return recovery;
    }
    const reason = this.#quarantine.reason ?? recovery.reason;
    this.placement.explain(reason);
    if (!this.#finished) {
      this.#said.stopped(reason);
      if (!this.#givenUp) this.#retry.failed();
    }
    return { ...recovery, reason };
  }

  /** Whether only a person can bring the tank back. */
  get #givenUp(): boolean {
    return this.#failed || this.#recovery.hopeless || this.#quarantine.reason !== undefined;
  }

  /** The simulation is ahead of what can be made durable: back to what is. */
  #takeBack(incarnation: TankIncarnation, { kind, error }: CommitFailure): void {
    if (this.placement.incarnation !== incarnation) return;
    this.#said.warn("tank taken back to its durable state", error);
    if (kind === "storage") this.#deps.storage.failed(error);
    void this.#letGo(incarnation, messageOf(error));
    void this.revive();
  }

  #filesLeft = (error: unknown) => this.#said.warn("snapshot files left", error);

  #tankFailed(incarnation: TankIncarnation, message: string): void {
    this.#failed = true;
    void this.#letGo(incarnation, message);
    this.#said.stopped(message);
  }

  /** Ends the incarnation; whatever is done next waits until its log is durable or has failed. */
  #letGo(incarnation: TankIncarnation, reason: string): Promise<void> {
    const ended = this.placement.leave(incarnation, reason);
    void this.#turns.run(() => ended);
    return ended;
  }
}
