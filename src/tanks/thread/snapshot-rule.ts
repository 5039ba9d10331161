import { TRIAL_TICK_MS_MAX } from "./replay-trial.ts";
import type { Uncovered } from "./simulation.ts";

/** Conditions for a snapshot of a tank. */
export interface SnapshotLimits {
  /** CPU time of a replay since the last snapshot that makes one due. */
  readonly costMs: number;
  /** Minimum interval: a tank that runs as fast as possible must not wear out a small disk. */
  readonly intervalMs: number;
  /** Ticks that make one due at any cost: bounds a replay where the clock cannot measure it. */
  readonly ticksMax: number;
  /** Entries that make one due at any cost: bounds the log. */
  readonly entriesMax: number;
}

export const SNAPSHOT_LIMITS: SnapshotLimits = {
  costMs: 20,
  intervalMs: 5000,
  ticksMax: 20_000,
  entriesMax: 1000,
};

const NOTHING: Uncovered = { ticks: 0, entries: 0 };

/** Maximum rise of the estimated cost of a tick from turn to turn, as the tank grows. */
const COST_RISE_PER_TURN = 1.02;

/**
 * Estimates the CPU time that a replay of one tank since its last snapshot would cost. A paced tick
 * runs with cold caches and interruptions, and takes ten times as long as in a replay. So the cost
 * of a tick is the lowest of the recent ones, or that of the last trial (replay-trial.ts) where
 * that is lower. A trial precedes each snapshot that is due by cost. A tank whose clock is stopped
 * never becomes due.
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

  /** `ticks` ticks, at least one, took `costMs` together. */
  ticked(ticks: number, costMs: number): void {
    this.#ticks += ticks;
    this.#tickCostMs = Math.min(this.#tickCostMs * COST_RISE_PER_TURN, costMs / ticks);
  }

  /** A trial measured this cost of a tick in a replay. */
  tried(tickMs: number): void {
    this.#trialMs = tickMs;
    this.#tried = true;
  }

  /** Whether a trial is wanted, which may show that no snapshot is due: once, for cheap ticks. */
  get wantsTrial(): boolean {
    const { costMs } = this.#limits;
    return !this.#tried && costMs > 0 && this.#tickMs <= TRIAL_TICK_MS_MAX && !this.#isLong;
  }

  /** An entry was logged. */
  logged(): void {
    this.#entries++;
  }

  isDue(nowMs: number): boolean {
    const { costMs, intervalMs } = this.#limits;
    if (this.#ticks + this.#entries === 0 || nowMs - this.#sinceMs < intervalMs) return false;
    const known = this.#tickMs < Number.POSITIVE_INFINITY;
    return (known && this.#ticks * this.#tickMs >= costMs) || this.#isLong;
  }

  /** Whether it is due at any cost. */
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
