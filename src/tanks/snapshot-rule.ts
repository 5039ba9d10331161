/** When a tank is due for a snapshot. */
export interface SnapshotLimits {
  /** Replaying what came since the last one would cost this much CPU. DESIGN §4. */
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

/** What has happened to one tank since its last snapshot. A still tank never becomes due. */
export class SnapshotRule {
  readonly #limits: SnapshotLimits;
  #costMs = 0;
  #ticks = 0;
  #entries = 0;
  #sinceMs: number;

  constructor(limits: SnapshotLimits, nowMs: number) {
    this.#limits = limits;
    this.#sinceMs = nowMs;
  }

  spent(costMs: number, ticks: number, entries: number): void {
    this.#costMs += costMs;
    this.#ticks += ticks;
    this.#entries += entries;
  }

  isDue(nowMs: number): boolean {
    const { costMs, intervalMs, ticksMax, entriesMax } = this.#limits;
    if (nowMs - this.#sinceMs < intervalMs) return false;
    return this.#costMs >= costMs || this.#ticks >= ticksMax || this.#entries >= entriesMax;
  }

  captured(nowMs: number): void {
    this.#costMs = 0;
    this.#ticks = 0;
    this.#entries = 0;
    this.#sinceMs = nowMs;
  }
}
