import { TRIAL_TICK_MS_MAX } from "./replay-trial.ts";
import type { Uncovered } from "./simulation.ts";

/** When a tank is due for a snapshot. */
export interface SnapshotLimits {
  /** Replaying what came since the last one would cost this much CPU. */
  readonly costMs: number;
  /** But not more often: a tank that goes as fast as it can must not grind a small disk. */
  readonly intervalMs: number;
  /** However cheap they were: bounds a replay where the clock cannot measure it. */
  readonly ticksMax: number;
  /** However cheap they were: bounds the log. */
  readonly entriesMax: number;
}

export const SNAPSHOT_LIMITS: SnapshotLimits = {
  costMs: 20,
  intervalMs: 5000,
  ticksMax: 20_000,
  entriesMax: 1000,
};

const NOTHING: Uncovered = { ticks: 0, entries: 0 };

/** How fast the estimate of a tick's cost may rise from one turn to the next, as the tank grows. */
const COST_RISE_PER_TURN = 1.02;

/**
 * What has happened to one tank since its last snapshot, in CPU that a replay would cost. A tick
 * now and then runs cold and is interrupted by others: it takes ten times what it takes in a
 * replay, which runs hot. So a tick counts as the cheapest of late, or, where that is less, as one
 * of the last trial (replay-trial.ts), which is due before each snapshot that the cost of ticks
 * asks for. A tank that stands still never becomes due.
 */
export class SnapshotRule {
  readonly #limits: SnapshotLimits;
  #tickCostMs = Number.POSITIVE_INFINITY;
  #trialMs = Number.POSITIVE_INFINITY;
  #tried = false;
  #ticks: number;
  #entries: number;
  #sinceMs: number;

  constructor(limits: SnapshotLimits, nowMs: number, uncovered: Uncovered = NOTHING) {
    this.#limits = limits;
    this.#ticks = uncovered.ticks;
    this.#entries = uncovered.entries;
    this.#sinceMs = nowMs;
  }

  /** `ticks` ticks, at least one, took `costMs` in all. */
  ticked(ticks: number, costMs: number): void {
    this.#ticks += ticks;
    this.#tickCostMs = Math.min(this.#tickCostMs * COST_RISE_PER_TURN, costMs / ticks);
  }

  /** A tick of a replay costs so much, as a trial has shown. */
  tried(tickMs: number): void {
    this.#trialMs = tickMs;
    this.#tried = true;
  }

  /**
   * Whether a trial may show that it is not due yet: once before each snapshot, for cheap ticks.
   */
  get wantsTrial(): boolean {
    const { costMs } = this.#limits;
    return !this.#tried && costMs > 0 && this.#tickMs <= TRIAL_TICK_MS_MAX && !this.#isLong;
  }

  /** An entry came to the log. */
  logged(): void {
    this.#entries++;
  }

  isDue(nowMs: number): boolean {
    const { costMs, intervalMs } = this.#limits;
    if (this.#ticks + this.#entries === 0 || nowMs - this.#sinceMs < intervalMs) return false;
    const known = this.#tickMs < Number.POSITIVE_INFINITY;
    return (known && this.#ticks * this.#tickMs >= costMs) || this.#isLong;
  }

  /** Whether it is due however cheap it is. */
  get #isLong(): boolean {
    const { ticksMax, entriesMax } = this.#limits;
    return this.#ticks >= ticksMax || this.#entries >= entriesMax;
  }

  get #tickMs(): number {
    return Math.min(this.#tickCostMs, this.#trialMs);
  }

  captured(nowMs: number): void {
    this.#ticks = 0;
    this.#entries = 0;
    this.#tried = false;
    this.#sinceMs = nowMs;
  }
}
