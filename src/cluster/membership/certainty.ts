import type { Clock } from "../../platform/clock.ts";

/** One instant by both clocks of this machine. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export function nowBy(clock: Clock): Instant {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
}

/** Whether it is in the future by both clocks. */
export function isBefore(until: Instant, clock: Clock): boolean {
  return clock.monotonicMs() < until.monotonicMs && clock.wallMs() < until.wallMs;
}

/**
 * Until when a lease is certainly held, by both clocks: while a machine is suspended the monotonic
 * clock stops, and the wall clock may be set back.
 */
export class Certainty {
  readonly #clock: Clock;
  #held: { readonly since: Instant; readonly forMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The lease is certain for this long after `since`, which precedes the request for it. */
  renew(since: Instant, forMs: number): void {
    this.#held = { since, forMs };
  }

  end(): void {
    this.#held = undefined;
  }

  /** When it was last renewed, whether or not it is still certain; undefined after it has ended. */
  get since(): Instant | undefined {
    return this.#held?.since;
  }

  /** The end of the certainty; undefined once it has passed. */
  get until(): Instant | undefined {
    if (this.#held === undefined) return undefined;
    const { since, forMs } = this.#held;
    const until = { monotonicMs: since.monotonicMs + forMs, wallMs: since.wallMs + forMs };
    return isBefore(until, this.#clock) ? until : undefined;
  }
}
