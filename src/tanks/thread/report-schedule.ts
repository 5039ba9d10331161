import type { Clock } from "../../platform/clock.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";

/** How often each tank reports. */
export const REPORT_INTERVAL_MS = 250;
/**
 * More tanks report in parts, one after the other: at 10 µs each, a thousand at once blocked both
 * threads for 10 ms, four times a second. The number of parts per second is limited too, so that a
 * thousand tanks report once a second each: four times cost a twentieth of a core.
 */
const REPORTS_AT_ONCE = 64;
const REPORT_PART_MS_MIN = 1000 / 16;
/** A thread without reports sends heartbeats at this interval, well within the watchdog's. */
const BEAT_INTERVAL_MS = 4000;

/** The tanks that report now: those whose index modulo `parts` is `remainder`. */
export interface ReportPart {
  readonly remainder: number;
  readonly parts: number;
}

/** Schedules the reports of a thread: each of its tanks once per interval, in one of its parts. */
export class ReportSchedule {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onDue: (part: ReportPart, plannedMs: number) => void;
  #atMs = Number.POSITIVE_INFINITY;
  #remainder = 0;
  #cancel: Cancel = () => {};

  constructor(
    ports: { readonly clock: Clock; readonly timers: Timers },
    onDue: (part: ReportPart, plannedMs: number) => void,
  ) {
    this.#clock = ports.clock;
    this.#timers = ports.timers;
    this.#onDue = onDue;
  }

  /** When the next part is due, on the monotonic clock. */
  get atMs(): number {
    return this.#atMs;
  }

  /**
   * Schedules the next part of the reports of so many tanks, or a heartbeat if there will be
   * nothing to report. A scheduled part can only become earlier.
   */
  plan(tanks: number, restless: boolean): void {
    const nowMs = this.#clock.monotonicMs();
    const parts = Math.max(1, Math.ceil(tanks / REPORTS_AT_ONCE));
    const partMs = Math.max(REPORT_INTERVAL_MS / parts, REPORT_PART_MS_MIN);
    const waitMs = restless ? partMs : BEAT_INTERVAL_MS;
    if (this.#atMs <= nowMs + waitMs) return;
    this.#cancel();
    const atMs = nowMs + waitMs;
    this.#atMs = atMs;
    this.#cancel = this.#timers.after(waitMs, () => {
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#remainder = (this.#remainder + 1) % parts;
      this.#onDue({ remainder: this.#remainder, parts }, atMs);
    });
  }

  stop(): void {
    this.#cancel();
  }
}
