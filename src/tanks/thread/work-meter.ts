/** The work of a simulation thread since its last reports. */
export interface Work {
  /** Scheduled ticks, counted by how late they were: see {@link TICKS_BEHIND}. */
  readonly ticksBehind: readonly number[];
  /** Scheduled ticks that were skipped. */
  readonly ticksSkipped: number;
  /** Time spent on capturing states for snapshots: copied, hashed, compressed. */
  readonly captureMs: number;
}

/** Upper bounds of the buckets of lateness, in ticks of the tank's own schedule. */
export const TICKS_BEHIND = [0, 1, 2, 4, 8, 16, Number.POSITIVE_INFINITY] as const;

/**
 * Counts a thread's work between two reports. The lateness of each tick is recorded, since a
 * periodic sample of the lag would miss what happens in between.
 */
export class WorkMeter {
  #ticksBehind = TICKS_BEHIND.map(() => 0);
  #ticksSkipped = 0;
  #captureMs = 0;

  /**
   * `ticks` ticks ran in sequence when `due` were due. The first `deferred` of them had been
   * deferred until the next one was due: each of them is as late as that one.
   */
  ran(ticks: number, due: number, deferred = 0): void {
    for (let tick = 0; tick < ticks; tick++) {
      const behind = Math.max(0, due - 1 - Math.max(tick, deferred));
      const place = TICKS_BEHIND.findIndex((bound) => behind <= bound);
      this.#ticksBehind[place] = (this.#ticksBehind[place] ?? 0) + 1;
    }
  }

  skipped(ticks: number): void {
    this.#ticksSkipped += ticks;
  }

  captured(durationMs: number): void {
    this.#captureMs += durationMs;
  }

  /** Returns the counts and resets them. */
  take(): Work {
    const work = {
      ticksBehind: this.#ticksBehind,
      ticksSkipped: this.#ticksSkipped,
      captureMs: this.#captureMs,
    };
    this.#ticksBehind = TICKS_BEHIND.map(() => 0);
    this.#ticksSkipped = 0;
    this.#captureMs = 0;
    return work;
  }
}
