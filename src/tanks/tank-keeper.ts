import type { Clock } from "../platform/clock.ts";
import { invariant, messageOf, Problem } from "../platform/errors.ts";
import type { Files } from "../platform/files.ts";
import type { Command } from "../sim/types.ts";
import type { Journal } from "../store/journal.ts";
import type { TankRow } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type CommitFailure, LiveTank } from "./live-tank.ts";
import { type History, UnusableTank } from "./log/history.ts";
import { firstChecksum } from "./log/log-chain.ts";
import { rebuild } from "./log/rebuild.ts";
import type { TankRecovery } from "./recovery-report.ts";
import { SnapshotTaker } from "./snapshots/snapshot-taker.ts";
import { Snapshots } from "./snapshots/snapshots.ts";
import type { StorageWatch } from "./storage-watch.ts";
import { type LoadAnswer, TankLoader } from "./tank-loader.ts";
import { frameOf, unknownReport } from "./tank-view.ts";
import type { Alongside, Frame, HostedTank, Stamped } from "./tanks.ts";
import { PlantAlbum } from "./thread/plant-album.ts";
import type { Controls, SaidOfTank, TankReport } from "./thread/simulation.ts";
import type { ThreadSlot } from "./threads.ts";
import { Watchers } from "./watchers.ts";

export interface KeeperDeps {
  readonly journal: Journal;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly storage: StorageWatch;
  readonly engineVersion: number;
  /** Of a new tank. */
  readonly controls: Controls;
}

/**
 * Keeps one tank alive: founds it, brings it back from what is durable, takes it back there when a
 * change cannot be made durable, and lays it down at the end. One such work at a time.
 */
export class TankKeeper {
  readonly row: TankRow;
  readonly slot: ThreadSlot;
  readonly #deps: KeeperDeps;
  readonly #loader: TankLoader;
  readonly #snapshots: Snapshots;
  readonly #taker: SnapshotTaker;
  readonly #watchers = new Watchers((watched) => this.#live?.watch(watched));
  readonly #album = new PlantAlbum();
  #founded: boolean;
  #finished = false;
  #live: LiveTank | undefined;
  /** The live tank stands still until the storage takes writes. */
  #held = false;
  /** What was last heard of a tank that is not live. */
  #report: TankReport;
  #stopReason = "it is not recovered yet";
  /** Trying again would not help. */
  #unusable = false;
  #founding: Promise<void> = Promise.resolve();
  #work: Promise<unknown> = Promise.resolve();

  constructor(row: TankRow, slot: ThreadSlot, deps: KeeperDeps, founded: boolean) {
    this.row = row;
    this.slot = slot;
    this.#deps = deps;
    this.#founded = founded;
    this.#loader = new TankLoader(row, slot, deps.controls);
    this.#snapshots = new Snapshots(deps.files, row);
    this.#taker = new SnapshotTaker({ ...deps, tankId: row.tank_id, snapshots: this.#snapshots });
    this.#report = unknownReport(row, deps.controls.tickRate);
  }

  /** Whether the tank is durable. Before that nobody may see it. */
  get founded(): boolean {
    return this.#founded;
  }

  view(): HostedTank {
    const { stats, seq, controls, achievedRate, tickLag } = this.#live?.report ?? this.#report;
    const moving = this.#live !== undefined && !this.#held;
    const awake = controls.paused ? "paused" : "running";
    return {
      row: this.row,
      status: moving ? awake : "stopped",
      ...(moving ? {} : { reason: this.#stopReason }),
      stats,
      seq,
      durableSeq: this.#live?.durableSeq ?? seq,
      tickRate: controls.tickRate,
      achievedRate,
      tickLag,
    };
  }

  /** The tank in its simulation. Throws Problem when it is not there. */
  present(): LiveTank {
    if (!this.#live) throw this.#refusal();
    return this.#live;
  }

  async submit(command: Command, alongside: Alongside | undefined): Promise<Stamped> {
    const live = this.present();
    if (this.#held) throw this.#refusal();
    const stamped = await live.submit(command, alongside);
    const { kind } = stamped.outcome;
    this.#deps.metrics.count("tankd_commands_total", { kind: command.kind, outcome: kind });
    return stamped;
  }

  watch(listener: (frame: Frame) => void): () => void {
    return this.#watchers.add(listener);
  }

  /** Makes a new tank; resolves when it is durable. Rejects with Problem, and nothing is left. */
  found(): Promise<void> {
    return this.#exclusive(async () => {
      const answer = await this.#load(undefined);
      if (answer.kind === "load_failed") throw new Problem("invalid", answer.message);
      await this.#founding;
      this.#founded = true;
    });
  }

  /** Brings the tank to its last durable state, or stops it and says why. Never rejects. */
  recover(): Promise<TankRecovery> {
    return this.#exclusive(() => this.#bringUp());
  }

  /** What kept the tank down or still is gone: the storage takes writes, or there is a thread. */
  revive(): Promise<void> {
    return this.#exclusive(async () => {
      const down = this.#founded && !this.#live && !this.#unusable && !this.#finished;
      if (down) await this.#bringUp();
      else await this.#release();
    });
  }

  /** The thread is gone; what was applied before still becomes durable. */
  threadLost(message: string): void {
    this.#loader.lost(new Problem("not_ready", message));
    if (this.#live) void this.#letGo(this.#live, message);
  }

  /** Ends the tank with its last snapshot, so that nothing needs to be replayed. */
  finish(): Promise<void> {
    return this.#exclusive(async () => {
      this.#finished = true;
      const live = this.#live;
      if (!live) return;
      const last = await live.captureFinally().catch(() => undefined);
      await this.#taker.idle();
      if (last) await this.#taker.take(live, last);
      await this.#letGo(live, "the node stops");
    });
  }

  /** Removes the tank from the disk, or, when that fails, brings it back and rejects with Problem. */
  remove(): Promise<void> {
    return this.#exclusive(async () => {
      if (this.#live) await this.#letGo(this.#live, "it is being removed");
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

  onMessage(message: SaidOfTank): void {
    if (message.kind === "loaded") {
      this.#loader.onLoaded(message);
      return;
    }
    if (message.kind === "load_failed") {
      this.#loader.onFailed(message);
      return;
    }
    const live = this.#live;
    if (live?.load !== message.load) return;
    try {
      this.#onNews(live, message);
    } catch (error) {
      this.#takeBack(live, { kind: "conflict", error });
    }
  }

  onReport(load: number, report: TankReport): void {
    if (this.#live?.load === load) this.#live.report = report;
  }

  #onNews(live: LiveTank, message: Exclude<SaidOfTank, LoadAnswer>): void {
    switch (message.kind) {
      case "captured": {
        const chained = live.onCaptured(message);
        if (message.request === undefined) this.#taker.offer(live, chained);
        break;
      }
      case "frame": {
        const looks = this.#album.update(message.scene.plants, message.looks);
        this.#watchers.show(frameOf(this.row, message, live.durableSeq, looks));
        break;
      }
      case "tank_failed":
        this.#unusable = true;
        void this.#letGo(live, message.message);
        this.#sayStopped();
        break;
      default:
        live.onAnswer(message);
    }
  }

  #load(history: History | undefined): Promise<LoadAnswer> {
    const held = this.#deps.storage.fault !== undefined || this.#snapshots.someDamaged;
    const watched = this.#watchers.some;
    return this.#loader.load({ history, held, watched }, (loaded) => {
      const live: LiveTank = new LiveTank({
        row: this.row,
        load: loaded.load,
        post: (message) => this.slot.post(message),
        journal: this.#deps.journal,
        engineVersion: this.#deps.engineVersion,
        logEnd: history?.logEnd ?? { seq: 0, checksum: firstChecksum(this.row) },
        report: loaded.report,
        onFailure: (failure) => this.#takeBack(live, failure),
      });
      this.#live = live;
      this.#held = held;
      if (history) return;
      this.#founding = live.found(loaded.digest);
      // found() hears of it; until it listens, a rejection is not unhandled.
      this.#founding.catch(() => {});
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
      invariant(this.#founded && !this.#finished && !this.#live, "the tank may be brought up");
      await this.#taker.idle();
      const load = (history: History) => this.#load(history);
      const ports = { journal, snapshots: this.#snapshots, engineVersion, load, warn };
      const { loaded, history } = await rebuild(this.row, ports);
      await this.#release();
      return { ...this.#recovered(loaded, history), ...said() };
    } catch (error) {
      this.#unusable = error instanceof UnusableTank;
      this.#stopReason = messageOf(error);
      this.#sayStopped();
      return { status: "stopped", reason: this.#stopReason, ...said() };
    }
  }

  /** Lets a held tank go, once nothing of what its recovery passed over can come back. */
  async #release(): Promise<void> {
    if (!this.#held) return;
    const { storage, journal } = this.#deps;
    if (storage.fault === undefined) {
      await this.#snapshots.dismissDamaged(journal).catch((error) => storage.failed(error));
    }
    if (storage.fault !== undefined) {
      this.#stopReason = storage.fault;
      return;
    }
    this.#live?.release();
    this.#held = false;
  }

  #recovered({ report, replayedCommands, replayedTicks }: SaidOfTank<"loaded">, history: History) {
    this.#unusable = false;
    void this.#snapshots.sweep().catch((error) => this.#warn("snapshot files left", error));
    return {
      status: "recovered",
      snapshotSeq: history.snapshot?.seq,
      replayedCommands,
      replayedTicks,
      seq: report.seq,
      tick: report.stats.tick,
    } as const;
  }

  /** The simulation is ahead of what can be made durable: back to what is. */
  #takeBack(live: LiveTank, { kind, error }: CommitFailure): void {
    if (this.#live !== live) return;
    this.#warn("tank taken back to its durable state", error);
    if (kind === "storage") this.#deps.storage.failed(error);
    void this.#letGo(live, messageOf(error));
    void this.revive();
  }

  /** Ends the incarnation. Resolves when what it applied is durable or has failed. */
  #letGo(live: LiveTank, reason: string): Promise<void> {
    this.#live = undefined;
    this.#held = false;
    this.#stopReason = reason;
    this.#report = { ...live.report, seq: live.durableSeq, achievedRate: 0, tickLag: 0 };
    const ended = live.end(this.#refusal());
    void this.#exclusive(() => ended);
    return ended;
  }

  #refusal(): Problem {
    const { fault } = this.#deps.storage;
    if (fault !== undefined) return new Problem("storage_unavailable", fault);
    return new Problem("not_ready", `tank ${this.row.name} is stopped: ${this.#stopReason}`);
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
    this.#deps.log.error("tank stopped", { tank_id, name, reason: this.#stopReason });
  }
}
