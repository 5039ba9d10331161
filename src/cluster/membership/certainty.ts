import type { Clock } from "../../platform/clock.ts";

/** One instant by both clocks of this machine. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export function nowBy(clock: Clock): Instant {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
}

/** Whether it is still to come, by both clocks. */
export function isBefore(until: Instant, clock: Clock): boolean {
  return clock.monotonicMs() < until.monotonicMs && clock.wallMs() < until.wallMs;
}

/**
 * How long a lease is certainly held, by both clocks: on a machine that was suspended the monotonic
 * one has stood still, and the wall clock may be set back.
 */
export class Certainty {
  readonly #clock: Clock;
  #held: { readonly since: Instant; readonly forMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The lease is certain for so long after `since`, which is before it was asked for. */
  renew(since: Instant, forMs: number): void {
    this.#held = { since, forMs };
  }

  end(): void {
    this.#held = undefined;
  }

  /** When it was last renewed, whether that is certain still or not; undefined after an end. */
  get since(): Instant | undefined {
    return this.#held?.since;
  }

  /** Until when; undefined where it is not certain any more. */
  get until(): Instant | undefined {
    if (this.#held === undefined) return undefined;
    const { since, forMs } = this.#held;
    const until = { monotonicMs: since.monotonicMs + forMs, wallMs: since.wallMs + forMs };
    return isBefore(until, this.#clock) ? until : undefined;
  }
}
