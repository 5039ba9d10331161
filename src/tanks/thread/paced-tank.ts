import type { Clock } from "../../platform/clock.ts";
import { invariant } from "../../platform/errors.ts";
import {
  apply,
  censusOf,
  createTank,
  digest,
  fishOf,
  fishProfileOf,
  heap,
  plantLooksOf,
  sceneOf,
  selectMigrants,
  statsOf,
  step,
  type Tank,
} from "../../sim/index.ts";
import type {
  Census,
  Command,
  FishId,
  FishProfile,
  FishView,
  Migrant,
  MigrantOrder,
  Outcome,
  PlantId,
  PlantLooks,
  Scene,
} from "../../sim/types.ts";
import { encodeCommand } from "../log/encode-command.ts";
import { captureOf, worldOf } from "../snapshots/captured-world.ts";
import { arrive, type Controls, steer } from "./controls.ts";
import type { LiveState } from "./live-state.ts";
import { Pacing, RateMeter } from "./pacing.ts";
import { replayTickMs } from "./replay-trial.ts";
import type { CapturedState, LoadTank, TailEntry, TankReport } from "./simulation.ts";

/** The digest of the state is logged at every multiple of this tick, tick 0 included. */
export const MARK_TICKS = 1000;

/**
 * A tank that is further behind skips ticks instead of catching up: when a suspended laptop wakes,
 * a night of ticks must not run at full speed.
 */
const CATCH_UP_SECONDS_MAX = 1;
const CATCH_UP_TICKS_MIN = 4;

/**
 * One tank inside a simulation thread: its world, its place in its log, and its clock. It replays
 * the tail of its log first, if there is one, and follows the clock from then on.
 */
export class PacedTank {
  readonly load: number;
  readonly #world: Tank;
  readonly #live: LiveState | undefined;
  readonly #tail: readonly TailEntry[];
  readonly #tickAtLoad: number;
  #tailIndex = 0;
  #seq: number;
  #controls: Controls;
  #pacing: Pacing;
  #meter: RateMeter;
  /** Set while the clock may run: after the replay, unless the tank is frozen. */
  #running = false;

  /** Throws BadSnapshot. */
  constructor(message: LoadTank, nowMs: number, live?: LiveState) {
    const { tail } = message;
    const from = message.live ?? message.snapshot;
    this.load = message.load;
    this.#world = worldFor(message, live);
    this.#live = live;
    this.#controls = from?.controls ?? message.controls;
    this.#seq = from?.seq ?? 0;
    this.#tail = tail;
    this.#tickAtLoad = this.#world.tick;
    const { tickRate } = this.#controls;
    this.#pacing = new Pacing(tickRate, nowMs, message.skippedTicks);
    this.#meter = new RateMeter(this.#world.tick, nowMs, tickRate);
  }

  get seq(): number {
    return this.#seq;
  }

  get tick(): number {
    return this.#world.tick;
  }

  get controls(): Controls {
    return this.#controls;
  }

  get replayed(): boolean {
    return this.#tailIndex === this.#tail.length;
  }

  get replayedTicks(): number {
    return this.#world.tick - this.#tickAtLoad;
  }

  get replayedCommands(): number {
    return this.#tail.filter((entry) => entry.command).length;
  }

  /** Whether it runs as fast as possible. */
  get flatOut(): boolean {
    return this.ticking && (this.#hurried || this.#pacing.flatOut);
  }

  /** Whether its clock runs. */
  get ticking(): boolean {
    return this.#running && (this.#hurried || !this.#controls.paused);
  }

  /** Whether its ticks are due at fixed times. */
  get scheduled(): boolean {
    return !this.#hurried && !this.#pacing.flatOut;
  }

  /** Scheduled ticks that were skipped. */
  get skippedTicks(): number {
    return this.#pacing.skipped;
  }

  /** Whether a fast-forward is in progress. */
  get #hurried(): boolean {
    return this.#controls.fastForwardTo !== undefined;
  }

  /**
   * One step of the replay: a tick, or the next entry of the log. Throws when the result
   * contradicts the log.
   */
  replayStep(nowMs: number): void {
    const entry = this.#tail[this.#tailIndex];
    invariant(entry, "the tail has another entry");
    if (this.#world.tick < entry.tick) {
      this.tickOnce(nowMs);
      return;
    }
    if (entry.command) {
      const outcome = this.#applyToWorld(entry.command, nowMs);
      if (outcome.kind === "rejected") {
        throw new Error(`entry ${entry.seq} of its log is rejected on replay: ${outcome.detail}`);
      }
    }
    this.#seq = entry.seq;
    this.#tailIndex++;
    if (entry.digest !== null && entry.digest !== digest(this.#world)) {
      throw new Error(`its replay differs from its log at entry ${entry.seq}, tick ${entry.tick}`);
    }
  }

  /** To be called before anything that may change the world, and {@link park} after it. */
  unpark(): void {
    this.#live?.unpark();
  }

  park(): void {
    this.#live?.park(this.#world, this.#seq, this.#controls);
  }

  /** Starts the clock. */
  run(nowMs: number): void {
    this.#running = true;
    this.#restartClock(nowMs);
  }

  /** Stops the clock. */
  halt(): void {
    this.#running = false;
  }

  /**
   * Ticks due now; infinite for a tank that runs as fast as possible. `deferred` of them were
   * deferred on purpose (see {@link deferredAt}) and do not count as lag.
   */
  due(nowMs: number, deferred = 0): number {
    if (!this.ticking) return 0;
    const { fastForwardTo } = this.#controls;
    if (fastForwardTo !== undefined) return fastForwardTo - this.tick;
    const rate = this.#pacing.ticksPerSecond;
    const catchUpTicksMax = Math.max(CATCH_UP_TICKS_MIN, Math.ceil(rate * CATCH_UP_SECONDS_MAX));
    return this.#pacing.due(nowMs, catchUpTicksMax + deferred);
  }

  /** Ticks that are deferred when the next turn is planned for `plannedMs`: all but the last. */
  deferredAt(plannedMs: number): number {
    return Math.max(0, this.#pacing.dueAt(plannedMs) - 1);
  }

  nextDueMs(nowMs: number): number {
    if (!this.ticking) return Number.POSITIVE_INFINITY;
    return this.#hurried ? nowMs : this.#pacing.nextDueMs(nowMs);
  }

  /** Runs one tick. Returns whether the state has to be marked in the log. */
  tickOnce(nowMs: number): boolean {
    step(this.#world);
    if (this.#hurried) this.#setControls(arrive(this.#controls, this.tick), nowMs);
    else this.#pacing.ran(1);
    return this.#world.tick % MARK_TICKS === 0;
  }

  /** Assigns the next log number to a digest of the present state. */
  mark(): { readonly seq: number; readonly tick: number; readonly digest: string } {
    this.#seq++;
    const mark = { seq: this.#seq, tick: this.tick, digest: this.digest() };
    this.#live?.logged({ ...mark, kind: "mark" });
    return mark;
  }

  /** Applies a command before the next tick. A rejected one takes no number. */
  apply(command: Command, nowMs: number): Outcome {
    const outcome = this.#applyToWorld(command, nowMs);
    if (outcome.kind === "done") this.#logged(command);
    return outcome;
  }

  #logged(command: Command): void {
    this.#seq++;
    const entry = { seq: this.#seq, tick: this.tick, kind: command.kind, digest: null };
    this.#live?.logged(entry, encodeCommand(command));
  }

  /** `tickCostMs` is the CPU time of a tick. */
  report(nowMs: number, tickCostMs: number): TankReport {
    return {
      demand: this.demand(tickCostMs),
      stats: statsOf(this.#world),
      seq: this.#seq,
      controls: this.controls,
      achievedRate: this.ticking ? this.#meter.read(this.tick, nowMs) : 0,
      tickLag: this.ticking && !this.#hurried ? this.#pacing.lag(nowMs) : 0,
      skippedTicks: this.#pacing.skipped,
    };
  }

  /** CPU time of one of its ticks in a replay. */
  replayTickMs(clock: Clock): number {
    return replayTickMs(this.#world, clock);
  }

  capture(): CapturedState {
    return captureOf(this.#world, this.#seq, this.#controls);
  }

  digest(): string {
    return digest(this.#world);
  }

  fish(): readonly FishView[] {
    return fishOf(this.#world);
  }

  census(): Census {
    return censusOf(this.#world);
  }

  fishProfile(fishId: FishId): FishProfile | undefined {
    return fishProfileOf(this.#world, fishId);
  }

  scene(): Scene {
    return sceneOf(this.#world);
  }

  plantLooks(plantId: PlantId): PlantLooks | undefined {
    return plantLooksOf(this.#world, plantId);
  }

  selectMigrants(order: MigrantOrder): readonly Migrant[] {
    return selectMigrants(this.#world, order);
  }

  /** CPU that the tank asks for, in cores, if one of its ticks takes `tickCostMs`. */
  demand(tickCostMs: number): number {
    if (this.flatOut) return 1;
    return this.ticking ? (tickCostMs * this.#controls.tickRate) / 1000 : 0;
  }

  #applyToWorld(command: Command, nowMs: number): Outcome {
    const outcome = apply(this.#world, command);
    if (outcome.kind === "rejected") return outcome;
    this.#setControls(steer(this.#controls, command, this.tick), nowMs);
    return outcome;
  }

  /** A change of speed restarts the schedule and the measurement of the rate. */
  #setControls(controls: Controls, nowMs: number): void {
    if (controls === this.#controls) return;
    const wasTicking = this.ticking;
    const { tickRate, fastForwardTo } = this.#controls;
    this.#controls = controls;
    const sameSpeed = tickRate === controls.tickRate && fastForwardTo === controls.fastForwardTo;
    if (sameSpeed && wasTicking === this.ticking) return;
    this.#restartClock(nowMs);
  }

  #restartClock(nowMs: number): void {
    const { tickRate, fastForwardTo } = this.#controls;
    this.#pacing.setRate(tickRate, nowMs);
    const asked = fastForwardTo === undefined ? tickRate : 0;
    this.#meter = new RateMeter(this.#world.tick, nowMs, asked);
  }
}

/** The world that a load begins with. Throws BadSnapshot. */
function worldFor({ live: place, snapshot, spec }: LoadTank, live: LiveState | undefined): Tank {
  if (place && live) return live.reopen(spec, place);
  const allocate = live?.allocate ?? heap;
  return snapshot ? worldOf(snapshot, allocate) : createTank(spec, allocate);
}
