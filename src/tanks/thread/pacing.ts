/**
 * The schedule of a tank's ticks. Time is divided into slots of one tick each, counted from the
 * clock's origin, so that nothing drifts: a late tick does not shift the next. All tanks of one
 * rate share their slots, so that an idle thread wakes once per tick and not once per tank.
 */
export class Pacing {
  #ticksPerSecond: number;
  /** The next slot to run. */
  #slot = 0;
  #skipped: number;

  /**
   * `ticksPerSecond` 0 means as fast as possible. `skipped` is the initial value of the counter.
   */
  constructor(ticksPerSecond: number, nowMs: number, skipped = 0) {
    this.#ticksPerSecond = ticksPerSecond;
    this.#skipped = skipped;
    this.restart(nowMs);
  }

  get ticksPerSecond(): number {
    return this.#ticksPerSecond;
  }

  get flatOut(): boolean {
    return this.#ticksPerSecond === 0;
  }

  setRate(ticksPerSecond: number, nowMs: number): void {
    this.#ticksPerSecond = ticksPerSecond;
    this.restart(nowMs);
  }

  /** Slots that were due and skipped. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Drops all lag: the next tick is due at the next slot. */
  restart(nowMs: number): void {
    this.#slot = this.#slotAt(nowMs) + 1;
  }

  /**
   * Ticks that are due. Those beyond `catchUpTicksMax` are removed from the schedule and counted as
   * `skipped`.
   */
  due(nowMs: number, catchUpTicksMax: number): number {
    if (this.flatOut) return Number.POSITIVE_INFINITY;
    const beyond = this.dueAt(nowMs) - catchUpTicksMax;
    if (beyond > 0) {
      this.#slot += beyond;
      this.#skipped += beyond;
    }
    return this.dueAt(nowMs);
  }

  /** Ticks that are due at that time, without skipping any. */
  dueAt(timeMs: number): number {
    return this.flatOut ? 0 : Math.max(0, this.#slotAt(timeMs) - this.#slot + 1);
  }

  ran(ticks: number): void {
    if (!this.flatOut) this.#slot += ticks;
  }

  /** Ticks behind the schedule; 0 for a tank that runs as fast as possible. */
  lag(nowMs: number): number {
    return this.flatOut ? 0 : Math.max(0, this.#slotAt(nowMs) - this.#slot);
  }

  /** When the next tick is due, on the clock's scale. */
  nextDueMs(nowMs: number): number {
    return this.flatOut ? nowMs : (this.#slot * 1000) / this.#ticksPerSecond;
  }

  #slotAt(nowMs: number): number {
    return this.flatOut ? 0 : Math.floor((nowMs * this.#ticksPerSecond) / 1000);
  }
}

/** The window of the achieved rate, and the number of ticks that it holds at least. */
const RATE_WINDOW_MS = 2000;
const RATE_WINDOW_TICKS = 4;

/** Ticks per second over the last seconds; of slow tanks, over the last ticks. */
export class RateMeter {
  readonly #windowMs: number;
  #sinceMs: number;
  #sinceTick: number;
  #rate: number | undefined;

  /** `ticksPerSecond` is the requested rate. */
  constructor(tick: number, nowMs: number, ticksPerSecond: number) {
    this.#sinceMs = nowMs;
    this.#sinceTick = tick;
    const ticksMs = ticksPerSecond === 0 ? 0 : (RATE_WINDOW_TICKS * 1000) / ticksPerSecond;
    this.#windowMs = Math.max(RATE_WINDOW_MS, ticksMs);
  }

  /** The rate of the last full window, or of the present one before there is a full one. */
  read(tick: number, nowMs: number): number {
    const elapsedMs = nowMs - this.#sinceMs;
    const rate = elapsedMs > 0 ? ((tick - this.#sinceTick) * 1000) / elapsedMs : 0;
    if (elapsedMs < this.#windowMs) return this.#rate ?? rate;
    this.#rate = rate;
    this.#sinceMs = nowMs;
    this.#sinceTick = tick;
    return rate;
  }
}
