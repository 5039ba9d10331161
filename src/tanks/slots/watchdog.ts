/** Interval of the checks: each wakes the main thread of a node that may be idle otherwise. */
export const WATCHDOG_INTERVAL_MS = 5000;

/**
 * Consecutive checks without a heartbeat before a thread counts as hung. A tick of 10,000 fish
 * takes some ten milliseconds, and a thread on an overloaded machine waits a second; no healthy
 * thread takes fifteen.
 */
export const MISSED_HEARTBEATS_MAX = 3;

/**
 * Detects that one thread hangs. It counts checks instead of measuring time: a suspension of the
 * machine or of the checking thread, however long, is one missed heartbeat.
 */
export class Watchdog {
  #beats: number | undefined;
  #missed = 0;

  /** Whether the thread counts as hung, given its present heartbeat counter. */
  check(beats: number): boolean {
    this.#missed = beats === this.#beats ? this.#missed + 1 : 0;
    this.#beats = beats;
    return this.#missed >= MISSED_HEARTBEATS_MAX;
  }
}
