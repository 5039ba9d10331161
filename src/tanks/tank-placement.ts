import { Problem } from "../platform/errors.ts";
import type { Journal } from "../store/journal.ts";
import type { TankRow } from "../store/rows.ts";
import type { History } from "./log/history.ts";
import { emptyLog } from "./log/log-chain.ts";
import type { ThreadSlot } from "./slots/thread-slot.ts";
import { type ChainedState, type CommitFailure, TankIncarnation } from "./tank-incarnation.ts";
import { type LoadAnswer, TankLoader } from "./tank-loader.ts";
import { frameOf, unknownReport, viewOf } from "./tank-view.ts";
import type { Frame, HostedTank } from "./tanks.ts";
import type { Controls } from "./thread/controls.ts";
import { PlantAlbum } from "./thread/plant-album.ts";
import type { SaidOfTank, TankReport } from "./thread/simulation.ts";
import { Watchers } from "./watchers.ts";

export interface PlacementDeps {
  readonly journal: Journal;
  readonly engineVersion: number;
  /** Of a new tank. */
  readonly controls: Controls;
  /** Why the storage takes no writes, while it does not. */
  readonly storage: { readonly fault: string | undefined };
  /** Why the node is fenced; undefined while it is not. */
  readonly fenceReason: () => Problem | undefined;
  /** Numbers incarnations; unique within the run of the node. */
  readonly nextLoad: () => number;
}

/** How a tank is loaded into its simulation. */
export interface LoadOptions {
  /** Undefined for a tank that is built from its spec. */
  readonly history: History | undefined;
  /** Whether it is frozen until `unfreeze`. */
  readonly frozen: boolean;
  /** Called before the next message of the new incarnation is handled. */
  readonly onIncarnation?: (incarnation: TankIncarnation, digest: string) => void;
}

export interface PlacementEvents {
  /** The simulation is ahead of what can be made durable. */
  onFailure(incarnation: TankIncarnation, failure: CommitFailure): void;
  /** The tank itself failed. */
  onTankFailed(incarnation: TankIncarnation, message: string): void;
  /** A state for a snapshot that the snapshot rule asked for. */
  onCaptured(incarnation: TankIncarnation, chained: ChainedState): void;
}

/**
 * Where a tank runs: its simulation thread and its current incarnation, or the reason why it has
 * none. Serves the view of the tank in both cases.
 */
export class TankPlacement {
  readonly #row: TankRow;
  readonly #deps: PlacementDeps;
  readonly #events: PlacementEvents;
  readonly #loader: TankLoader;
  readonly #watchers = new Watchers((watched) => this.#incarnation?.watch(watched));
  readonly #album = new PlantAlbum();
  #slot: ThreadSlot;
  /** Set while the tank is being reassigned to another thread; settles when that is over. */
  #reassigning: PromiseWithResolvers<void> | undefined;
  #incarnation: TankIncarnation | undefined;
  #frozen = false;
  /** The last report of a tank without an incarnation. */
  #report: TankReport;
  #stopReason = "it is not recovered yet";

  constructor(row: TankRow, slot: ThreadSlot, deps: PlacementDeps, events: PlacementEvents) {
    this.#slot = slot;
    this.#row = row;
    this.#deps = deps;
    this.#events = events;
    this.#loader = new TankLoader(row, deps.controls, deps.nextLoad);
    this.#report = unknownReport(row, deps.controls);
  }

  get slot(): ThreadSlot {
    return this.#slot;
  }

  get isReassigning(): boolean {
    return this.#reassigning !== undefined;
  }

  get incarnation(): TankIncarnation | undefined {
    return this.#incarnation;
  }

  /** Whether the incarnation's clock is stopped until `unfreeze`. */
  get isFrozen(): boolean {
    return this.#frozen;
  }

  /** Whether the node is fenced. */
  get isFenced(): boolean {
    return this.#deps.fenceReason() !== undefined;
  }

  get stopReason(): string {
    return this.#deps.fenceReason()?.message ?? this.#stopReason;
  }

  /** Sets the reason that a stopped or frozen tank shows. */
  explain(reason: string): void {
    this.#stopReason = reason;
  }

  view(): HostedTank {
    const incarnation = this.#incarnation;
    const report = incarnation?.report ?? this.#report;
    const exists = incarnation !== undefined || this.#reassigning !== undefined;
    return viewOf(this.#row, report, {
      durableSeq: incarnation?.durableSeq ?? report.seq,
      stopReason: exists && !this.#frozen ? undefined : this.stopReason,
    });
  }

  watch(listener: (frame: Frame) => void): () => void {
    return this.#watchers.add(listener);
  }

  /**
   * Runs `work` on the incarnation, after a reassignment that is under way. The check and the call
   * are one synchronous step, so that no reassignment begins between them. Rejects with Problem
   * when the tank has no incarnation.
   */
  async whenPlaced<Result>(
    work: (incarnation: TankIncarnation) => Promise<Result>,
  ): Promise<Result> {
    while (this.#reassigning) await this.#reassigning.promise;
    if (!this.#incarnation) throw this.refusal();
    return work(this.#incarnation);
  }

  /** Whether this tank's incarnation of that number runs or is being loaded. */
  runsAs(load: number): boolean {
    return load === (this.#incarnation?.load ?? this.#loader.load);
  }

  /** Why a change is refused now. */
  refusal(): Problem {
    const fenced = this.#deps.fenceReason();
    if (fenced) return fenced;
    const { fault } = this.#deps.storage;
    if (fault !== undefined) return new Problem("storage_unavailable", fault);
    return new Problem("not_ready", `tank ${this.#row.name} is stopped: ${this.#stopReason}`);
  }

  /** Loads the tank into its simulation. Rejects when the thread is gone. */
  load(options: LoadOptions): Promise<LoadAnswer> {
    const { history, onIncarnation } = options;
    const frozen = options.frozen || this.#deps.fenceReason() !== undefined;
    const watched = this.#watchers.some;
    const slot = this.#slot;
    const { skippedTicks } = this.#report;
    const { engineVersion } = this.#deps;
    const request = { history, engineVersion, frozen, watched, skippedTicks };
    return this.#loader.start(slot, request, (loaded) => {
      const incarnation: TankIncarnation = new TankIncarnation({
        row: this.#row,
        load: loaded.load,
        post: (message) => slot.post(message),
        journal: this.#deps.journal,
        engineVersion,
        logEnd: history?.logEnd ?? emptyLog(this.#row),
        report: loaded.report,
        onFailure: (failure) => this.#events.onFailure(incarnation, failure),
      });
      this.#incarnation = incarnation;
      this.#frozen = frozen;
      // Both may have changed during the load.
      if (this.#deps.fenceReason()) this.freeze();
      if (this.#watchers.some !== watched) incarnation.watch(!watched);
      onIncarnation?.(incarnation, loaded.digest);
    });
  }

  /** Marks the tank as being reassigned during `work`: requests to it wait until that is over. */
  async whileReassigning(work: () => Promise<void>): Promise<void> {
    const reassigning = Promise.withResolvers<void>();
    this.#reassigning = reassigning;
    try {
      await work();
    } finally {
      this.#reassigning = undefined;
      reassigning.resolve();
    }
  }

  /**
   * Ends the incarnation and starts the next one on `slot` from its state, which is passed in
   * memory. `covered` is where the newest snapshot on the disk ends. On rejection the tank may be
   * on either thread or on none, and has to be recovered from the disk.
   */
  async reassign(
    slot: ThreadSlot,
    covered: { readonly seq: number; readonly tick: number },
  ): Promise<void> {
    const incarnation = this.#incarnation;
    if (!incarnation) throw this.refusal();
    const { state } = await incarnation.captureFinally();
    // The next incarnation may start from durable state only.
    await incarnation.commit([]);
    const { logEnd } = incarnation;
    await this.unload(incarnation, "it is being reassigned to another thread");
    this.#slot = slot;
    const uncovered = { ticks: state.tick - covered.tick, entries: state.seq - covered.seq };
    const history = { live: undefined, snapshot: state, tail: [], logEnd, uncovered };
    const answer = await this.load({ history, frozen: false });
    if (answer.kind === "load_failed") throw new Error(answer.message);
  }

  /** Stops the tank's clock until `unfreeze`. */
  freeze(): void {
    if (!this.#incarnation || this.#frozen) return;
    this.#incarnation.freeze();
    this.#frozen = true;
  }

  unfreeze(): void {
    this.#incarnation?.unfreeze();
    this.#frozen = false;
  }

  /** Ends the incarnation. Resolves when what it applied is durable or has failed. */
  unload(incarnation: TankIncarnation, reason: string): Promise<void> {
    this.#incarnation = undefined;
    this.#frozen = false;
    this.#stopReason = reason;
    this.#report = {
      ...incarnation.report,
      seq: incarnation.durableSeq,
      achievedRate: 0,
      tickLag: 0,
    };
    return incarnation.end(this.refusal());
  }

  /** The thread is gone: a load in progress will get no answer. */
  threadLost(message: string): void {
    this.#loader.lost(new Problem("not_ready", message));
  }

  /** Cancels a load in progress and refuses later ones. */
  abandon(reason: Problem): void {
    this.#loader.abandon(reason);
  }

  onMessage(message: SaidOfTank): void {
    const incarnation = this.#incarnation;
    if (message.kind === "loaded") this.#loader.onLoaded(message);
    else if (message.kind === "load_failed") this.#loader.onFailed(message);
    else if (incarnation?.load === message.load) this.#onNewsOf(incarnation, message);
  }

  onReport(load: number, report: TankReport): void {
    if (this.#incarnation?.load === load) this.#incarnation.report = report;
  }

  #onNewsOf(incarnation: TankIncarnation, message: Exclude<SaidOfTank, LoadAnswer>): void {
    try {
      this.#onNews(incarnation, message);
    } catch (error) {
      this.#events.onFailure(incarnation, { kind: "conflict", error });
    }
  }

  #onNews(incarnation: TankIncarnation, message: Exclude<SaidOfTank, LoadAnswer>): void {
    switch (message.kind) {
      case "captured": {
        const chained = incarnation.onCaptured(message);
        if (message.request === undefined) this.#events.onCaptured(incarnation, chained);
        break;
      }
      case "frame": {
        const looks = this.#album.update(message.scene.plants, message.looks);
        this.#watchers.show(frameOf(this.#row, message, incarnation.durableSeq, looks));
        break;
      }
      case "tank_failed":
        this.#events.onTankFailed(incarnation, message.message);
        break;
      default:
        incarnation.onAnswer(message);
    }
  }
}
