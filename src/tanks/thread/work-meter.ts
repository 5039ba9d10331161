/** What a simulation thread did since it last said so. */
export interface Work {
  /** Ticks that ran by a schedule: how many of them at most {@link TICKS_BEHIND} behind it. */
  readonly ticksBehind: readonly number[];
  /** Ticks of schedules that were left out. */
  readonly ticksSkipped: number;
  /** Taking states for snapshots: copied, hashed, compressed. */
  readonly captureMs: number;
}

/** Upper bounds of how late a tick may be, in ticks of its own schedule. */
export const TICKS_BEHIND = [0, 1, 2, 4, 8, 16, Number.POSITIVE_INFINITY] as const;

/**
 * Counts a thread's work in between two reports. How late each tick begins is what lag means to
 * those who wait for it: a look at the clock now and then misses what happens in between.
 */
export class WorkMeter {
  #ticksBehind = TICKS_BEHIND.map(() => 0);
  #ticksSkipped = 0;
  #captureMs = 0;

  /**
   * `ticks` ticks ran one after the other when `due` of them were due. The first `deferred` had
   * been put off on purpose until the next one was due: each of them is as late as that one.
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

  /** What was counted, which is counted no more. */
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
