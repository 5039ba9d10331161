import type { Clock } from "../../platform/clock.ts";
import { invariant } from "../../platform/errors.ts";
import {
  apply,
  createTank,
  digest,
  fishOf,
  fishProfileOf,
  migrants,
  plantLooksOf,
  sceneOf,
  statsOf,
  step,
  type Tank,
} from "../../sim/index.ts";
import type {
  Command,
  FishId,
  FishProfile,
  FishView,
  Outcome,
  PlantId,
  PlantLooks,
  Scene,
} from "../../sim/types.ts";
import { captureOf, worldOf } from "../snapshots/captured-world.ts";
import { arrive, type Controls, steer } from "./controls.ts";
import { Pacing, RateMeter } from "./pacing.ts";
import { replayTickMs } from "./replay-trial.ts";
import type { CapturedState, LoadTank, TailEntry, TankReport } from "./simulation.ts";

/** A digest of the state goes into the log at every multiple of this tick, the first included. */
export const MARK_TICKS = 1000;

/**
 * A tank that owes more is moved on in its schedule instead of being caught up with: after a
 * suspended laptop wakes, nobody wants the night replayed at full speed.
 */
const CATCH_UP_SECONDS_MAX = 1;
const CATCH_UP_TICKS_MIN = 4;

/**
 * One tank inside a simulation thread: its world, its place in its log, and its clock. It is
 * replayed first, when there is a tail to replay, and goes by the clock from then on.
 */
export class PacedTank {
  readonly load: number;
  readonly #world: Tank;
  readonly #tail: readonly TailEntry[];
  readonly #tickAtLoad: number;
  #tailIndex = 0;
  #seq: number;
  #controls: Controls;
  #pacing: Pacing;
  #meter: RateMeter;
  /** Set when the tank may run: after its replay, and once it is released. */
  #running = false;

  /** Throws BadSnapshot. */
  constructor(message: LoadTank, nowMs: number) {
    const { snapshot, spec, tail } = message;
    this.load = message.load;
    this.#world = snapshot ? worldOf(snapshot) : createTank(spec);
    this.#controls = snapshot?.controls ?? message.controls;
    this.#seq = snapshot?.seq ?? 0;
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

  /** Whether it takes all the time that it gets. */
  get flatOut(): boolean {
    return this.ticking && (this.#hurried || this.#pacing.flatOut);
  }

  /** Whether its clock goes. */
  get ticking(): boolean {
    return this.#running && (this.#hurried || !this.#controls.paused);
  }

  /** Whether its ticks have times at which they are due. */
  get scheduled(): boolean {
    return !this.#hurried && !this.#pacing.flatOut;
  }

  /** Ticks of its schedule that were left out. */
  get skippedTicks(): number {
    return this.#pacing.skipped;
  }

  /** Whether a fast-forward is under way. */
  get #hurried(): boolean {
    return this.#controls.fastForwardTo !== undefined;
  }

  /**
   * One step of the replay: a tick, or the next entry of the log. Throws when the log does not lead
   * where it says.
   */
  replayStep(nowMs: number): void {
    const entry = this.#tail[this.#tailIndex];
    invariant(entry, "there is something to replay");
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

  /** Lets the clock go. */
  run(nowMs: number): void {
    this.#running = true;
    this.#restartClock(nowMs);
  }

  /** Stops the clock. */
  halt(): void {
    this.#running = false;
  }

  /**
   * Ticks due now; infinite for a tank that goes as fast as it can. `deferred` of them were put off
   * on purpose (see {@link deferredAt}), and so are not owed.
   */
  due(nowMs: number, deferred = 0): number {
    if (!this.ticking) return 0;
    const { fastForwardTo } = this.#controls;
    if (fastForwardTo !== undefined) return fastForwardTo - this.tick;
    const rate = this.#pacing.ticksPerSecond;
    const catchUpTicksMax = Math.max(CATCH_UP_TICKS_MIN, Math.ceil(rate * CATCH_UP_SECONDS_MAX));
    return this.#pacing.due(nowMs, catchUpTicksMax + deferred);
  }

  /**
   * Ticks that wait on purpose where the next turn is planned for `plannedMs`: all but the last.
   */
  deferredAt(plannedMs: number): number {
    return Math.max(0, this.#pacing.dueAt(plannedMs) - 1);
  }

  nextDueMs(nowMs: number): number {
    if (!this.ticking) return Number.POSITIVE_INFINITY;
    return this.#hurried ? nowMs : this.#pacing.nextDueMs(nowMs);
  }

  /** One tick. True when the state is to be marked in the log. */
  tickOnce(nowMs: number): boolean {
    step(this.#world);
    if (this.#hurried) this.#setControls(arrive(this.#controls, this.tick), nowMs);
    else this.#pacing.ran(1);
    return this.#world.tick % MARK_TICKS === 0;
  }

  /** Takes the next number of the log for a digest of the present state. */
  mark(): { readonly seq: number; readonly tick: number; readonly digest: string } {
    this.#seq++;
    return { seq: this.#seq, tick: this.tick, digest: this.digest() };
  }

  /** Applies a command before the next tick. A rejected one takes no number. */
  apply(command: Command, nowMs: number): Outcome {
    const outcome = this.#applyToWorld(command, nowMs);
    if (outcome.kind === "done") this.#seq++;
    return outcome;
  }

  /** `tickCostMs` is what a tick takes. */
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

  /** What one of its ticks costs in a replay. */
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

  fishProfile(fishId: FishId): FishProfile | undefined {
    return fishProfileOf(this.#world, fishId);
  }

  scene(): Scene {
    return sceneOf(this.#world);
  }

  plantLooks(plantId: PlantId): PlantLooks | undefined {
    return plantLooksOf(this.#world, plantId);
  }

  migrants(): readonly FishId[] {
    return migrants(this.#world);
  }

  /** CPU that the tank asks for, in cores, where one of its ticks takes `tickCostMs`. */
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

  /** Whatever changes how the clock goes begins its schedule and its rate anew. */
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
