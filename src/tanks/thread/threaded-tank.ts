import type { Clock } from "../../platform/clock.ts";
import type { SharedMemory } from "../../platform/shared-memory.ts";
import { LiveState } from "./live-state.ts";
import { PacedTank } from "./paced-tank.ts";
import { ShownPlants } from "./plant-album.ts";
import type { FromSimulation, LoadTank, TankLoad, TankReport, ToSimulation } from "./simulation.ts";
import { type SnapshotLimits, SnapshotRule } from "./snapshot-rule.ts";
import type { WorkMeter } from "./work-meter.ts";

/** Bounds of one tank's turn, before the next tank has one. A tick is never cut short. */
const TURN_TICKS_MAX = 16;
const TURN_MS_MAX = 1;
/** Replays take longer turns: a tank serves no requests before its recovery. */
const TURN_REPLAY_STEPS_MAX = 256;
/** Weight of the last turn in the moving average of the cost of a tick. */
const COST_WEIGHT = 1 / 16;
/** Assumed cost of a tick before the first measurement: 50 fish, warm code. */
const TICK_COST_MS_TYPICAL = 0.033;
/** Each costs up to a millisecond, which delays the ticks of all tanks. */
const LOOKS_PER_FRAME = 6;

export interface TankPorts {
  readonly clock: Clock;
  readonly post: (message: FromSimulation) => void;
  readonly memory: SharedMemory | undefined;
}

/** One tank as the loop of its thread sees it: runs turns, handles messages, and reports. */
export class ThreadedTank {
  readonly id: TankLoad;
  watched: boolean;
  /** Whether its replay is done. */
  loaded = false;
  readonly #tank: PacedTank;
  readonly #clock: Clock;
  readonly #post: (message: FromSimulation) => void;
  readonly #rule: SnapshotRule;
  readonly #work: WorkMeter;
  readonly #fresh: boolean;
  #frozen: boolean;
  /** (tick, seq) of the last report and of the last frame, to skip unchanged ones. */
  #reported = "";
  #drawn = "";
  readonly #shownPlants = new ShownPlants();
  #tickCostMs = 0;

  /** Throws BadSnapshot, or the error of the world about an impossible spec. */
  constructor(
    message: LoadTank,
    { clock, post, memory }: TankPorts,
    limits: SnapshotLimits,
    work: WorkMeter,
  ) {
    const nowMs = clock.monotonicMs();
    this.id = { tank: message.tank, load: message.load };
    this.watched = message.watched;
    this.#tank = new PacedTank(message, nowMs, memory && new LiveState(memory, message));
    this.#clock = clock;
    this.#post = post;
    this.#work = work;
    this.#rule = new SnapshotRule(limits, nowMs, message.uncovered);
    this.#fresh = this.#tank.seq === 0 && message.tail.length === 0;
    this.#frozen = message.frozen;
  }

  /** Whether it runs as fast as possible: during a replay, a fast-forward, or without a rate. */
  get eager(): boolean {
    return !this.loaded || this.#tank.flatOut;
  }

  /** CPU that it asks for, in cores; 1 while it is eager. */
  get demand(): number {
    if (!this.loaded) return 1;
    return this.#tank.demand(this.#tickCostMs || TICK_COST_MS_TYPICAL);
  }

  /** Whether there is, or will be without a message, something to report. */
  get restless(): boolean {
    return this.loaded && (this.#tank.ticking || this.#position() !== this.#reported);
  }

  /**
   * Does a bounded part of the due work, until `endMs` at most. False when nothing was due.
   * Deferred ticks were planned for `plannedMs`.
   */
  turn(endMs: number, plannedMs?: number): boolean {
    return this.#changing(() => (this.loaded ? this.#tick(endMs, plannedMs) : this.#replay(endMs)));
  }

  /** When the next work is due; infinite for a tank whose clock is stopped. */
  nextDueMs(nowMs: number): number {
    return this.loaded ? this.#tank.nextDueMs(nowMs) : nowMs;
  }

  obey(message: Exclude<ToSimulation, LoadTank>): void {
    this.#changing(() => this.#obey(message));
  }

  /** Does what may change the world. One that fails is not parked again. */
  #changing<Result>(work: () => Result): Result {
    this.#tank.unpark();
    const result = work();
    if (this.loaded) this.#tank.park();
    return result;
  }

  #obey(message: Exclude<ToSimulation, LoadTank>): void {
    switch (message.kind) {
      case "freeze":
        this.#frozen = true;
        this.#tank.halt();
        break;
      case "unfreeze":
        this.#frozen = false;
        if (this.loaded) this.#tank.run(this.#clock.monotonicMs());
        break;
      case "watch":
        this.watched = message.watched;
        this.#drawn = "";
        this.#shownPlants.forget();
        break;
      case "command":
        this.#command(message);
        break;
      case "ask":
        this.#answer(message);
        break;
      case "ask_migrants": {
        const migrants = this.#tank.selectMigrants(message.order);
        this.#post({ kind: "migrants", ...this.id, request: message.request, migrants });
        break;
      }
      case "ask_fish": {
        const profile = this.#tank.fishProfile(message.fishId);
        this.#post({ kind: "fish_profile", ...this.id, request: message.request, profile });
        break;
      }
      case "capture":
        this.#tank.halt();
        this.#capture(message.request);
        break;
      case "unload":
        break;
    }
  }

  /** The report, if anything has changed. */
  news(): TankReport | undefined {
    const position = this.#position();
    const still = position === this.#reported && !this.#tank.ticking;
    if (still || !this.loaded) return undefined;
    this.#reported = position;
    return this.report();
  }

  report(): TankReport {
    return this.#tank.report(this.#clock.monotonicMs(), this.#tickCostMs);
  }

  /** Posts a frame, if anything has changed. */
  draw(): void {
    const position = this.#position();
    const still = position === this.#drawn && !this.#shownPlants.owing;
    if (!this.watched || !this.loaded || still) return;
    this.#drawn = position;
    const { seq } = this.#tank;
    const scene = this.#tank.scene();
    const looks = this.#shownPlants.next(scene.plants, LOOKS_PER_FRAME, (plantId) =>
      this.#tank.plantLooks(plantId),
    );
    this.#post({ kind: "frame", ...this.id, seq, scene, looks });
  }

  #replay(endMs: number): boolean {
    const startedMs = this.#clock.monotonicMs();
    let nowMs = startedMs;
    let steps = 0;
    const goesOn = () => steps === 0 || (steps < TURN_REPLAY_STEPS_MAX && nowMs < endMs);
    while (!this.#tank.replayed && goesOn()) {
      this.#tank.replayStep(nowMs);
      steps++;
      nowMs = this.#clock.monotonicMs();
    }
    if (steps > 0) this.#ticked(steps, nowMs - startedMs);
    if (this.#tank.replayed) this.#finishLoad(nowMs);
    return true;
  }

  #finishLoad(nowMs: number): void {
    // A new tank's log begins with the digest of its initial state: what this engine makes of its
    // spec.
    const digest = this.#fresh ? this.#tank.mark().digest : this.#tank.digest();
    const { replayedCommands, replayedTicks } = this.#tank;
    this.loaded = true;
    if (!this.#frozen) this.#tank.run(nowMs);
    const report = this.#tank.report(nowMs, this.#tickCostMs);
    this.#post({ kind: "loaded", ...this.id, report, digest, replayedCommands, replayedTicks });
  }

  #tick(endMs: number, plannedMs?: number): boolean {
    const startedMs = this.#clock.monotonicMs();
    let nowMs = startedMs;
    const { scheduled, skippedTicks } = this.#tank;
    const deferred = plannedMs === undefined ? 0 : this.#tank.deferredAt(plannedMs);
    const due = this.#tank.due(startedMs, deferred);
    const ticksMax = Math.min(due, TURN_TICKS_MAX);
    const turnEndMs = Math.min(endMs, startedMs + TURN_MS_MAX);
    let ticks = 0;
    while (ticks < ticksMax && (ticks === 0 || nowMs < turnEndMs)) {
      const marked = this.#tank.tickOnce(nowMs);
      ticks++;
      if (marked) this.#post({ kind: "mark", ...this.id, ...this.#tank.mark() });
      nowMs = this.#clock.monotonicMs();
    }
    if (scheduled) {
      this.#work.ran(ticks, due, deferred);
      this.#work.skipped(this.#tank.skippedTicks - skippedTicks);
    }
    if (ticks === 0) return due > 0;
    this.#ticked(ticks, nowMs - startedMs);
    this.#captureIfDue(nowMs);
    return true;
  }

  #ticked(ticks: number, costMs: number): void {
    this.#rule.ticked(ticks, costMs);
    const known = this.#tickCostMs > 0;
    this.#tickCostMs += (known ? COST_WEIGHT : 1) * (costMs / ticks - this.#tickCostMs);
  }

  #command(message: Extract<ToSimulation, { kind: "command" }>): void {
    const nowMs = this.#clock.monotonicMs();
    const outcome = this.#tank.apply(message.command, nowMs);
    if (outcome.kind === "done") this.#rule.logged();
    const { request } = message;
    const { seq, tick } = this.#tank;
    this.#post({ kind: "applied", ...this.id, request, outcome, seq, tick, report: undefined });
    this.#captureIfDue(nowMs);
  }

  #answer(message: Extract<ToSimulation, { kind: "ask" }>): void {
    const { request, about } = message;
    const tank = this.#tank;
    switch (about) {
      case "fish":
        this.#post({ kind: "fish", ...this.id, request, fish: tank.fish() });
        break;
      case "census":
        this.#post({ kind: "census", ...this.id, request, seq: tank.seq, census: tank.census() });
    }
  }

  #captureIfDue(nowMs: number): void {
    if (!this.#rule.isDue(nowMs)) return;
    if (this.#rule.wantsTrial) {
      this.#rule.tried(this.#tank.replayTickMs(this.#clock));
      this.#work.captured(this.#clock.monotonicMs() - nowMs);
      if (!this.#rule.isDue(nowMs)) return;
    }
    this.#capture(undefined);
  }

  #capture(request: number | undefined): void {
    const startedMs = this.#clock.monotonicMs();
    this.#rule.captured(startedMs);
    const state = this.#tank.capture();
    this.#work.captured(this.#clock.monotonicMs() - startedMs);
    this.#post({ kind: "captured", ...this.id, request, ...state });
  }

  #position(): string {
    return `${this.#tank.tick} ${this.#tank.seq}`;
  }
}
