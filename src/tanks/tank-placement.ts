import { Problem } from "../platform/errors.ts";
import type { Journal } from "../store/journal.ts";
import type { TankRow } from "../store/rows.ts";
import type { History } from "./log/history.ts";
import { firstChecksum } from "./log/log-chain.ts";
import type { ThreadSlot } from "./slots/thread-slot.ts";
import { type ChainedState, type CommitFailure, TankIncarnation } from "./tank-incarnation.ts";
import { type LoadAnswer, TankLoader } from "./tank-loader.ts";
import { frameOf, unknownReport, viewOf } from "./tank-view.ts";
import type { Frame, HostedTank } from "./tanks.ts";
import type { Controls } from "./thread/controls.ts";
import { PlantAlbum } from "./thread/plant-album.ts";
import type { SaidOfTank, TankReport, Uncovered } from "./thread/simulation.ts";
import { Watchers } from "./watchers.ts";

export interface PlacementDeps {
  readonly journal: Journal;
  readonly engineVersion: number;
  /** Of a new tank. */
  readonly controls: Controls;
  /** Why the storage takes no writes, while it does not. */
  readonly storage: { readonly fault: string | undefined };
  /** Why the whole node stands still, once it does. */
  readonly holdReason: () => Problem | undefined;
  /** Never gives the same number twice, to any tank of the node. */
  readonly nextLoad: () => number;
}

/** How a tank comes into its simulation. */
export interface Entry {
  /** Undefined for the tank that the spec makes. */
  readonly history: History | undefined;
  /** Whether it stands still until it is released. */
  readonly held: boolean;
  readonly uncovered?: Uncovered;
  /** Runs before the next message about the new incarnation. */
  readonly onIncarnation?: (incarnation: TankIncarnation, digest: string) => void;
}

const ALL_COVERED: Uncovered = { ticks: 0, entries: 0 };

export interface PlacementEvents {
  /** What the simulation says is ahead of what can be made durable. */
  onFailure(incarnation: TankIncarnation, failure: CommitFailure): void;
  /** The tank met an error of its own. */
  onTankFailed(incarnation: TankIncarnation, message: string): void;
  /** A state for a snapshot, by the rule of snapshots. */
  onCaptured(incarnation: TankIncarnation, chained: ChainedState): void;
}

/**
 * A tank's placement in its simulation: the incarnation that lives there, or why there is none, and
 * what people see of it either way.
 */
export class TankPlacement {
  readonly #row: TankRow;
  readonly #deps: PlacementDeps;
  readonly #events: PlacementEvents;
  readonly #loader: TankLoader;
  readonly #watchers = new Watchers((watched) => this.#incarnation?.watch(watched));
  readonly #album = new PlantAlbum();
  #slot: ThreadSlot;
  /** While it changes its thread: opened when it has arrived, or failed to. */
  #moving: PromiseWithResolvers<void> | undefined;
  #incarnation: TankIncarnation | undefined;
  #held = false;
  /** What was last heard of a tank that is not incarnation. */
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

  get isMoving(): boolean {
    return this.#moving !== undefined;
  }

  get incarnation(): TankIncarnation | undefined {
    return this.#incarnation;
  }

  /** Whether the incarnation tank stands still until it is released. */
  get held(): boolean {
    return this.#held;
  }

  /** Whether the whole node stands still. */
  get stilled(): boolean {
    return this.#deps.holdReason() !== undefined;
  }

  get stopReason(): string {
    return this.#deps.holdReason()?.message ?? this.#stopReason;
  }

  /** Says why a tank that is not moving is not. */
  explain(reason: string): void {
    this.#stopReason = reason;
  }

  view(): HostedTank {
    const incarnation = this.#incarnation;
    const report = incarnation?.report ?? this.#report;
    const there = incarnation !== undefined || this.#moving !== undefined;
    return viewOf(this.#row, report, {
      durableSeq: incarnation?.durableSeq ?? report.seq,
      stopReason: there && !this.#held ? undefined : this.stopReason,
    });
  }

  watch(listener: (frame: Frame) => void): () => void {
    return this.#watchers.add(listener);
  }

  /**
   * Does `work` with the tank in its simulation, once it has arrived there, and at once: between
   * the look and the work a move could begin, which would leave the work behind. Rejects with
   * Problem when the tank is not there.
   */
  async whenPlaced<Result>(
    work: (incarnation: TankIncarnation) => Promise<Result>,
  ): Promise<Result> {
    while (this.#moving) await this.#moving.promise;
    if (!this.#incarnation) throw this.refusal();
    return work(this.#incarnation);
  }

  /** Whether the incarnation of that number lives here, or is being loaded. */
  isAtWorkAs(load: number): boolean {
    return load === (this.#incarnation?.load ?? this.#loader.load);
  }

  /** Why a change is refused now. */
  refusal(): Problem {
    const held = this.#deps.holdReason();
    if (held) return held;
    const { fault } = this.#deps.storage;
    if (fault !== undefined) return new Problem("storage_unavailable", fault);
    return new Problem("not_ready", `tank ${this.#row.name} is stopped: ${this.#stopReason}`);
  }

  /** Brings the tank into its simulation. Rejects when the thread is gone. */
  enter(entry: Entry): Promise<LoadAnswer> {
    const { history, uncovered = ALL_COVERED, onIncarnation } = entry;
    const held = entry.held || this.#deps.holdReason() !== undefined;
    const watched = this.#watchers.some;
    const slot = this.#slot;
    const { skippedTicks } = this.#report;
    const request = { history, uncovered, held, watched, skippedTicks };
    return this.#loader.start(slot, request, (loaded) => {
      const incarnation: TankIncarnation = new TankIncarnation({
        row: this.#row,
        load: loaded.load,
        post: (message) => slot.post(message),
        journal: this.#deps.journal,
        engineVersion: this.#deps.engineVersion,
        logEnd: history?.logEnd ?? { seq: 0, checksum: firstChecksum(this.#row) },
        report: loaded.report,
        onFailure: (failure) => this.#events.onFailure(incarnation, failure),
      });
      this.#incarnation = incarnation;
      this.#held = held;
      // While it was loading all this may have changed.
      if (this.#deps.holdReason()) this.hold();
      if (this.#watchers.some !== watched) incarnation.watch(!watched);
      onIncarnation?.(incarnation, loaded.digest);
    });
  }

  /**
   * Takes the tank to another thread, where it goes on from its very state. Whoever wants something
   * of it waits until `work`, which does it, is over.
   */
  async whileMoving(work: () => Promise<void>): Promise<void> {
    const moving = Promise.withResolvers<void>();
    this.#moving = moving;
    try {
      await work();
    } finally {
      this.#moving = undefined;
      moving.resolve();
    }
  }

  /**
   * Ends the incarnation here and begins the next one on `slot` with its state, which crosses in
   * memory. `covered` is where the newest snapshot on the disk ends. Rejects when that fails: the
   * tank is then here, there or nowhere, and is best brought back from the disk.
   */
  async moveTo(
    slot: ThreadSlot,
    covered: { readonly seq: number; readonly tick: number },
  ): Promise<void> {
    const incarnation = this.#incarnation;
    if (!incarnation) throw this.refusal();
    const { state } = await incarnation.captureFinally();
    // Only what is durable may be built upon by another incarnation.
    await incarnation.commit([]);
    const history: History = { snapshot: state, tail: [], logEnd: incarnation.logEnd };
    await this.leave(incarnation, "it moves to another thread");
    this.#slot = slot;
    const uncovered = { ticks: state.tick - covered.tick, entries: state.seq - covered.seq };
    const answer = await this.enter({ history, held: false, uncovered });
    if (answer.kind === "load_failed") throw new Error(answer.message);
  }

  /** Lets the clock stand still until `release`. */
  hold(): void {
    if (!this.#incarnation || this.#held) return;
    this.#incarnation.hold();
    this.#held = true;
  }

  release(): void {
    this.#incarnation?.release();
    this.#held = false;
  }

  /** Ends the incarnation. Resolves when what it applied is durable or has failed. */
  leave(incarnation: TankIncarnation, reason: string): Promise<void> {
    this.#incarnation = undefined;
    this.#held = false;
    this.#stopReason = reason;
    this.#report = {
      ...incarnation.report,
      seq: incarnation.durableSeq,
      achievedRate: 0,
      tickLag: 0,
    };
    return incarnation.end(this.refusal());
  }

  /** The thread is gone: a load that is under way gets no answer. */
  threadLost(message: string): void {
    this.#loader.lost(new Problem("not_ready", message));
  }

  /** No load any more: one that is under way is given up. */
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
