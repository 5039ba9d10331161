import type { Clock } from "../../platform/clock.ts";
import { NO_LEASE, type Reading } from "./store.ts";

/**
 * A holder whose key was removed hears of it by its watch, within milliseconds. Keys do vanish too
 * early: an operator removes one, and a leader of etcd that hung ends the leases, when it wakes,
 * that its successor has renewed.
 */
const VANISHED_MS = 1_000;

/** When a key that nobody holds may be taken, since its last holder believes in it no more. */
export class Vacancy {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  #last: Reading | undefined;
  #notBeforeMs = 0;

  /** @param ttlMs the longest that a holder believes without a renewal */
  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /** 0 where it may be taken. */
  get waitMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#clock.monotonicMs());
  }

  /** @throws Error where the store is another one than before */
  note(reading: Reading): void {
    const last = this.#last;
    if (last !== undefined && reading.clusterId !== last.clusterId) {
      throw new Error(
        "etcd is another one than before: name members of one cluster of etcd in --lease; if it " +
          "was set up anew, restart this node",
      );
    }
    // A store that counts back has lost its data: who held it before may be certain of it still.
    if (last !== undefined && reading.revision < last.revision) this.#wait(this.#ttlMs);
    const wasHeld = last?.entries.some(({ leaseId }) => leaseId !== NO_LEASE) ?? false;
    if (wasHeld && reading.entries.length === 0) this.#wait(VANISHED_MS);
    this.#last = reading;
  }

  #wait(ms: number): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#clock.monotonicMs() + ms);
  }
}
