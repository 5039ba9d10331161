/**
 * Between two looks at a thread: each wakes the main thread of a node that has nothing else to do.
 */
export const LOOK_INTERVAL_MS = 5000;

/**
 * Looks in a row without a beat before a thread counts as hung. A tick of 10,000 fish takes some
 * ten milliseconds, a thread on a machine that others use up waits a second; nothing that is well
 * takes fifteen.
 */
export const SILENT_LOOKS_MAX = 3;

/**
 * Whether one thread hangs. It counts looks and never measures time: however long the machine or
 * the looking thread was suspended, that is one look, and the watched one gets its chance.
 */
export class HangWatch {
  #beats: number | undefined;
  #silentLooks = 0;

  /** True once the thread has not stirred for too many looks. */
  look(beats: number): boolean {
    this.#silentLooks = beats === this.#beats ? this.#silentLooks + 1 : 0;
    this.#beats = beats;
    return this.#silentLooks >= SILENT_LOOKS_MAX;
  }
}
