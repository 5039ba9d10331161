import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";

/** RFC 6762 section 5.2: spread at the start, then a second, then twice as long each time. */
const SPREAD_MIN_MS = 20;
const SPREAD_MAX_MS = 120;
const INTERVAL_MIN_MS = 1_000;
/** A question asked less often than this is not delayed. */
const INTERVAL_MAX_MS = 16_000;

/**
 * Decides when a link is queried: twice at the start, in case a packet is lost, then on demand,
 * ever less often. A question that another host asks need not be repeated (RFC 6762 section 7.3):
 * of N nodes that ask at different times, one asks for all.
 */
export class QuestionSchedule {
  readonly #deps: { readonly clock: Clock; readonly timers: Timers; readonly random: Random };
  readonly #ask: () => void;
  #intervalMs = INTERVAL_MIN_MS;
  /** When it was last asked, by any host. */
  #askedMs = Number.NEGATIVE_INFINITY;
  #repeats = false;
  /** Another host has asked since the last demand. */
  #isShared = false;
  #dueMs = Number.POSITIVE_INFINITY;
  #cancel: Cancel = () => {};

  constructor(
    deps: { readonly clock: Clock; readonly timers: Timers; readonly random: Random },
    ask: () => void,
  ) {
    this.#deps = deps;
    this.#ask = ask;
  }

  /** Asks now and a second later. */
  start(): void {
    this.#intervalMs = INTERVAL_MIN_MS;
    this.#repeats = true;
    this.#isShared = false;
    this.#arm(0);
  }

  /** On demand: asks as soon as allowed, unless another host has since the last time. */
  askSoon(): void {
    const isShared = this.#isShared;
    this.#isShared = false;
    if (!isShared) this.#arm(this.#askedMs + this.#intervalMs - this.#deps.clock.monotonicMs());
  }

  /** Another host has asked, and this node receives all the answers that it would get. */
  hear(): void {
    this.stop();
    this.#isShared = true;
    this.#askedMs = this.#deps.clock.monotonicMs();
  }

  stop(): void {
    this.#cancel();
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Never postpones an earlier one. */
  #arm(delayMs: number): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const spreadMs = SPREAD_MIN_MS + (SPREAD_MAX_MS - SPREAD_MIN_MS) * this.#deps.random.unit();
    const waitMs = Math.max(0, delayMs) + spreadMs;
    if (nowMs + waitMs >= this.#dueMs) return;
    this.stop();
    this.#dueMs = nowMs + waitMs;
    this.#cancel = this.#deps.timers.after(waitMs, () => this.#fire());
  }

  #fire(): void {
    this.#askedMs = this.#deps.clock.monotonicMs();
    this.#dueMs = Number.POSITIVE_INFINITY;
    if (this.#repeats) this.#arm(this.#intervalMs);
    this.#repeats = false;
    this.#intervalMs = Math.min(INTERVAL_MAX_MS, 2 * this.#intervalMs);
    this.#ask();
  }
}
