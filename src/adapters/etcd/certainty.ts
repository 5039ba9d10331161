import type { Clock } from "../../platform/clock.ts";

/** One instant by both clocks of this machine. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/**
 * How long a lease is certainly held, by both clocks: on a machine that was suspended the monotonic
 * one has stood still, and the wall clock may be set back.
 */
export class Certainty {
  readonly #clock: Clock;
  readonly #marginMs: number;
  #until: Instant | undefined;

  /** @param marginMs which is left out at the end, for clocks that run apart and timers that are late */
  constructor(clock: Clock, marginMs: number) {
    this.#clock = clock;
    this.#marginMs = marginMs;
  }

  now(): Instant {
    return { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() };
  }

  /** Until when, in monotonic milliseconds; undefined where it is not certain any more. */
  get untilMs(): number | undefined {
    if (this.#until === undefined) return undefined;
    const { monotonicMs, wallMs } = this.now();
    const isCertain = monotonicMs < this.#until.monotonicMs && wallMs < this.#until.wallMs;
    return isCertain ? this.#until.monotonicMs : undefined;
  }

  /** The lease was given `ttlMs` by a request that was sent at `sentAt`. */
  renew(sentAt: Instant, ttlMs: number): void {
    const certainMs = ttlMs - this.#marginMs;
    this.#until = {
      monotonicMs: sentAt.monotonicMs + certainMs,
      wallMs: sentAt.wallMs + certainMs,
    };
  }

  end(): void {
    this.#until = undefined;
  }
}
