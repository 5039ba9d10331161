import type { Clock } from "../platform/clock.ts";
import { invariant, messageOf, Problem } from "../platform/errors.ts";
import type { Files } from "../platform/files.ts";
import type { Command } from "../sim/types.ts";
import type { TankRow } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { CommitFailure, LiveTank } from "./live-tank.ts";
import { type History, UnusableTank } from "./log/history.ts";
import { rebuild } from "./log/rebuild.ts";
import { Presence, type PresenceDeps } from "./presence.ts";
import type { TankRecovery } from "./recovery-report.ts";
import { forkedTank } from "./snapshots/base-snapshot.ts";
import type { LogRetention } from "./snapshots/retention.ts";
import { SnapshotTaker } from "./snapshots/snapshot-taker.ts";
import { Snapshots } from "./snapshots/snapshots.ts";
import type { StorageWatch } from "./storage-watch.ts";
import type { Alongside, Frame, HostedTank, Stamped } from "./tanks.ts";
import type { CapturedState, SaidOfTank, TankReport } from "./thread/simulation.ts";
import type { ThreadSlot } from "./threads.ts";

const STOPPING = "the node stops";

export interface KeeperDeps extends PresenceDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly storage: StorageWatch;
  readonly logRetention: LogRetention;
}

/**
 * Keeps one tank alive: founds it, brings it back from what is durable, takes it back there when a
 * change cannot be made durable, and lays it down at the end. One such work at a time.
 */
export class TankKeeper {
  readonly row: TankRow;
  readonly #deps: KeeperDeps;
  readonly #presence: Presence;
  readonly #snapshots: Snapshots;
  readonly #taker: SnapshotTaker;
  #founded: boolean;
  #finished = false;
  /** Trying again would not help. */
  #unusable = false;
  #work: Promise<unknown> = Promise.resolve();

  constructor(row: TankRow, slot: ThreadSlot, deps: KeeperDeps, founded: boolean) {
    this.row = row;
    this.#deps = deps;
    this.#founded = founded;
    this.#presence = new Presence(row, slot, deps, {
      onFailure: (live, failure) => this.#takeBack(live, failure),
      onTankFailed: (live, message) => this.#tankFailed(live, message),
      onCaptured: (live, chained) => {
        if (!deps.holdReason()) this.#taker.offer(live, chained);
      },
    });
    this.#snapshots = new Snapshots(deps.files, row, deps.logRetention);
    this.#taker = new SnapshotTaker({ ...deps, tankId: row.tank_id, snapshots: this.#snapshots });
  }

  get slot(): ThreadSlot {
    return this.#presence.slot;
  }

  /** Whether the tank is durable. Before that nobody may see it. */
  get founded(): boolean {
    return this.#founded;
  }

  view(): HostedTank {
    return this.#presence.view();
  }

  /** The tank in its simulation. Throws Problem when it is not there. */
  present(): LiveTank {
    return this.#presence.present();
  }

  async submit(command: Command, alongside: Alongside | undefined): Promise<Stamped> {
    const live = this.present();
    if (this.#presence.held) throw this.#presence.refusal();
    const stamped = await live.submit(command, alongside);
    const { kind } = stamped.outcome;
    this.#deps.metrics.count("tankd_commands_total", { kind: command.kind, outcome: kind });
    return stamped;
  }

  watch(listener: (frame: Frame) => void): () => void {
    return this.#presence.watch(listener);
  }

  onMessage(message: SaidOfTank): void {
    this.#presence.onMessage(message);
  }

  onReport(load: number, report: TankReport): void {
    this.#presence.onReport(load, report);
  }

  /** Makes a new tank; resolves when it is durable. Rejects with Problem, and nothing is left. */
  found(): Promise<void> {
    return this.#exclusive(async () => {
      let founding = Promise.resolve();
      const answer = await this.#presence.load(undefined, this.#mustHold(), (live, digest) => {
        founding = live.found(digest);
        // Until it is awaited below, a rejection is not unhandled.
        founding.catch(() => {});
      });
      if (answer.kind === "load_failed") throw new Problem("invalid", answer.message);
      await founding;
      this.#founded = true;
    });
  }

  /**
   * Makes the tank from the state of another; resolves when it is durable, and in its simulation if
   * that is possible. Rejects with Problem, and nothing is left.
   */
  adopt(state: CapturedState): Promise<void> {
    return this.#exclusive(async () => {
      const { clock, engineVersion, files, journal, storage } = this.#deps;
      const fork = forkedTank(this.row, state, { engineVersion, createdAtMs: clock.wallMs() });
      try {
        await files.writeDurably(fork.file.path, fork.file.bytes);
        await journal.commit(fork.writes);
      } catch (error) {
        storage.failed(error);
        await this.#snapshots.removeAll().catch(() => {});
        throw new Problem("storage_unavailable", messageOf(error), { cause: error });
      }
      this.#founded = true;
      await this.#bringUp();
    });
  }

  /** Brings the tank to its last durable state, or stops it and says why. Never rejects. */
  recover(): Promise<TankRecovery> {
    return this.#exclusive(() => this.#bringUp());
  }

  /**
   * Gives up a recovery that is under way or still to come, because the node stops. Nothing of it
   * is on the disk; a tank that is back already stays.
   */
  abandon(): void {
    if (this.#presence.live) return;
    this.#finished = true;
    this.#presence.abandon(new Problem("not_ready", STOPPING));
  }

  /** What kept the tank down or still is gone: the storage takes writes, or there is a thread. */
  revive(): Promise<void> {
    return this.#exclusive(async () => {
      const { live } = this.#presence;
      const down = this.#founded && !live && !this.#unusable && !this.#finished;
      if (down) await this.#bringUp();
      else await this.#release();
    });
  }

  /** The whole node stands still: so does this tank, at once. */
  hold(): void {
    this.#presence.hold();
  }

  /** The thread is gone; what was applied before still becomes durable. */
  threadLost(message: string): void {
    this.#presence.threadLost(message);
    const { live } = this.#presence;
    if (live) void this.#letGo(live, message);
  }

  /**
   * Ends the tank with its last snapshot, so that nothing needs to be replayed. `when logged`: only
   * if its log has grown since the tank came up, else the disk is left as it was.
   */
  finish(snapshot: "always" | "when logged"): Promise<void> {
    return this.#exclusive(async () => {
      this.#finished = true;
      const { live } = this.#presence;
      if (!live) return;
      // A node that stands still writes nothing: its directory may be the copy of another's.
      const wanted = !this.#deps.holdReason() && (snapshot === "always" || live.hasLogged);
      const last = wanted ? await live.captureFinally().catch(() => undefined) : undefined;
      await this.#taker.idle();
      if (last) await this.#taker.take(live, last);
      await this.#letGo(live, STOPPING);
    });
  }

  /** Removes the tank from the disk, or, when that fails, brings it back and rejects with Problem. */
  remove(): Promise<void> {
    return this.#exclusive(async () => {
      const { live } = this.#presence;
      if (live) await this.#letGo(live, "it is being removed");
      await this.#taker.idle();
      try {
        await this.#deps.journal.commit([{ remove: "tank", tank_id: this.row.tank_id }]);
      } catch (error) {
        this.#deps.storage.failed(error);
        await this.#bringUp();
        throw new Problem("storage_unavailable", messageOf(error), { cause: error });
      }
      this.#finished = true;
      await this.#snapshots.removeAll().catch((error) => this.#warn("snapshot files left", error));
    });
  }

  async #bringUp(): Promise<TankRecovery> {
    const { clock, journal, engineVersion } = this.#deps;
    const startedMs = clock.monotonicMs();
    const warnings: string[] = [];
    const warn = (text: string) => {
      warnings.push(text);
      this.#warn("tank recovers past damage", text);
    };
    const said = () => ({ row: this.row, durationMs: clock.monotonicMs() - startedMs, warnings });
    try {
      if (this.#finished) throw new Problem("not_ready", STOPPING);
      invariant(this.#founded && !this.#presence.live, "the tank may be brought up");
      await this.#taker.idle();
      const load = (history: History) => this.#presence.load(history, this.#mustHold());
      const ports = { journal, snapshots: this.#snapshots, engineVersion, load, warn };
      const { loaded, history } = await rebuild(this.row, ports);
      await this.#release();
      return { ...this.#recovered(loaded, history), ...said() };
    } catch (error) {
      this.#unusable = error instanceof UnusableTank;
      this.#presence.explain(messageOf(error));
      if (!this.#finished) this.#sayStopped();
      return { status: "stopped", reason: messageOf(error), ...said() };
    }
  }

  #mustHold(): boolean {
    return this.#deps.storage.fault !== undefined || this.#snapshots.someDamaged;
  }

  /** Lets a held tank go, once nothing of what its recovery passed over can come back. */
  async #release(): Promise<void> {
    const { storage, journal, holdReason } = this.#deps;
    if (!this.#presence.held || holdReason()) return;
    if (storage.fault === undefined) {
      await this.#snapshots.dismissDamaged(journal).catch((error) => storage.failed(error));
    }
    if (storage.fault !== undefined) this.#presence.explain(storage.fault);
    else if (!holdReason()) this.#presence.release();
  }

  #recovered(loaded: SaidOfTank<"loaded">, history: History) {
    const { report, digest, replayedCommands, replayedTicks } = loaded;
    this.#unusable = false;
    void this.#snapshots.sweep().catch((error) => this.#warn("snapshot files left", error));
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

  /** The simulation is ahead of what can be made durable: back to what is. */
  #takeBack(live: LiveTank, { kind, error }: CommitFailure): void {
    if (this.#presence.live !== live) return;
    this.#warn("tank taken back to its durable state", error);
    if (kind === "storage") this.#deps.storage.failed(error);
    void this.#letGo(live, messageOf(error));
    void this.revive();
  }

  #tankFailed(live: LiveTank, message: string): void {
    this.#unusable = true;
    void this.#letGo(live, message);
    this.#sayStopped();
  }

  /** Ends the incarnation; whatever is done next waits until its log is durable or has failed. */
  #letGo(live: LiveTank, reason: string): Promise<void> {
    const ended = this.#presence.leave(live, reason);
    void this.#exclusive(() => ended);
    return ended;
  }

  #exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => {});
    return result;
  }

  #warn(event: string, error: unknown): void {
    this.#deps.log.warn(event, { tank_id: this.row.tank_id, reason: messageOf(error) });
  }

  #sayStopped(): void {
    const { tank_id, name } = this.row;
    this.#deps.log.error("tank stopped", { tank_id, name, reason: this.#presence.stopReason });
  }
}
