/**
 * When a tank's ticks are due. Time is cut into slots of one tick each, counted from the clock's
 * origin, so that nothing drifts: being late with one tick does not move the next. All tanks of one
 * rate share their slots, so that an idle thread wakes once a tick and not once a tank.
 */
export class Pacing {
  #ticksPerSecond: number;
  /** The next slot to run. */
  #slot = 0;
  #skipped = 0;

  /** `ticksPerSecond` 0 means as fast as it goes. */
  constructor(ticksPerSecond: number, nowMs: number) {
    this.#ticksPerSecond = ticksPerSecond;
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

  /** Slots that were due and left out, since the pacing began. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Forgets what is owed: the next tick is due at the next slot. */
  restart(nowMs: number): void {
    this.#slot = this.#slotAt(nowMs) + 1;
  }

  /**
   * Ticks that are due. More than `catchUpTicksMax` are not caught up with: the schedule moves on,
   * and `skipped` counts what was left out.
   */
  due(nowMs: number, catchUpTicksMax: number): number {
    if (this.flatOut) return Number.POSITIVE_INFINITY;
    const current = this.#slotAt(nowMs);
    const beyond = current - this.#slot + 1 - catchUpTicksMax;
    if (beyond > 0) {
      this.#slot += beyond;
      this.#skipped += beyond;
    }
    return Math.max(0, current - this.#slot + 1);
  }

  ran(ticks: number): void {
    if (!this.flatOut) this.#slot += ticks;
  }

  /** Ticks behind the schedule, without moving it; none for a tank that goes as fast as it can. */
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

/** Ticks per second over the last second or so. */
export class RateMeter {
  #sinceMs: number;
  #sinceTick: number;
  #rate = 0;
  readonly #windowMs: number;

  constructor(tick: number, nowMs: number, windowMs: number) {
    this.#sinceMs = nowMs;
    this.#sinceTick = tick;
    this.#windowMs = windowMs;
  }

  /** The rate of the last full window; of the present one while there is no full one yet. */
  read(tick: number, nowMs: number): number {
    const elapsedMs = nowMs - this.#sinceMs;
    const rate = elapsedMs > 0 ? ((tick - this.#sinceTick) * 1000) / elapsedMs : this.#rate;
    if (elapsedMs < this.#windowMs) return this.#rate === 0 ? rate : this.#rate;
    this.#rate = rate;
    this.#sinceMs = nowMs;
    this.#sinceTick = tick;
    return rate;
  }
}
