import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";

/** RFC 6762 section 5.2: spread at the start, then a second, doubled up to an hour. */
const SPREAD_MIN_MS = 20;
const SPREAD_MAX_MS = 120;
const INTERVAL_MIN_MS = 1_000;
const INTERVAL_MAX_MS = 3_600_000;

/** When a link is asked who is there: one question at a time, ever more rarely. */
export class QuestionSchedule {
  readonly #deps: { readonly clock: Clock; readonly timers: Timers; readonly random: Random };
  readonly #ask: () => void;
  #intervalMs = INTERVAL_MIN_MS;
  #askedMs = Number.NEGATIVE_INFINITY;
  #dueMs = Number.POSITIVE_INFINITY;
  #cancel: Cancel = () => {};

  constructor(
    deps: { readonly clock: Clock; readonly timers: Timers; readonly random: Random },
    ask: () => void,
  ) {
    this.#deps = deps;
    this.#ask = ask;
  }

  start(): void {
    this.#arm(0);
  }

  /** Asks once, at most a second after the last time; the intervals go on as they were. */
  askSoon(): void {
    const freeMs = this.#askedMs + INTERVAL_MIN_MS - this.#deps.clock.monotonicMs();
    this.#arm(Math.max(0, freeMs));
  }

  stop(): void {
    this.#cancel();
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Never puts off what is due earlier. */
  #arm(delayMs: number): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const spreadMs = SPREAD_MIN_MS + (SPREAD_MAX_MS - SPREAD_MIN_MS) * this.#deps.random.unit();
    const dueMs = nowMs + delayMs + spreadMs;
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    this.#cancel();
    this.#cancel = this.#deps.timers.after(delayMs + spreadMs, () => this.#fire());
  }

  #fire(): void {
    this.#askedMs = this.#deps.clock.monotonicMs();
    this.#dueMs = Number.POSITIVE_INFINITY;
    const intervalMs = this.#intervalMs;
    this.#intervalMs = Math.min(INTERVAL_MAX_MS, 2 * intervalMs);
    this.#arm(intervalMs);
    this.#ask();
  }
}
