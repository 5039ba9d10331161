const BEATS = 0;
const WORKING_ON = 1;
const WORDS = 2;

/** Bytes of memory that a thread and its host share for {@link VitalSigns}. */
export const VITAL_SIGNS_BYTES = WORDS * Int32Array.BYTES_PER_ELEMENT;

/** What can be seen of a simulation thread from outside, also while it hangs. */
export interface Pulse {
  /** Changes, wrapping round, as long as the thread gets round to its work. */
  readonly beats: number;
  /** `load` of the incarnation that is being worked on; 0 for none. */
  readonly workingOn: number;
}

/**
 * Two words of memory that a thread writes and its host reads: no message gets out of a thread that
 * hangs in a tank, or says in which.
 */
export class VitalSigns implements Pulse {
  readonly #words: Int32Array;

  /** On memory of its own where the thread is the caller's. */
  constructor(memory: ArrayBufferLike = new ArrayBuffer(VITAL_SIGNS_BYTES)) {
    this.#words = new Int32Array(memory);
  }

  get beats(): number {
    return Atomics.load(this.#words, BEATS);
  }

  get workingOn(): number {
    return Atomics.load(this.#words, WORKING_ON);
  }

  beat(): void {
    Atomics.add(this.#words, BEATS, 1);
  }

  workOn(load: number): void {
    Atomics.store(this.#words, WORKING_ON, load);
  }

  rest(): void {
    Atomics.store(this.#words, WORKING_ON, 0);
  }
}
