const BEATS = 0;
const WORKING_ON = 1;
const WORDS = 2;

/** Bytes of the memory that a thread and its host share for {@link SharedHeartbeat}. */
export const HEARTBEAT_BYTES = WORDS * Int32Array.BYTES_PER_ELEMENT;

/** The heartbeat of a simulation thread, readable from outside even while the thread hangs. */
export interface Heartbeat {
  /** Counts up, wrapping round, while the thread does its work. */
  readonly beats: number;
  /** `load` of the incarnation that is being worked on; 0 for none. */
  readonly workingOn: number;
}

/**
 * Two words of shared memory, written by the thread and read by its host. A thread that hangs in a
 * tank sends no message, so messages could not tell which tank it is.
 */
export class SharedHeartbeat implements Heartbeat {
  readonly #words: Int32Array;

  /** Uses private memory where thread and host are the same. */
  constructor(memory: ArrayBufferLike = new ArrayBuffer(HEARTBEAT_BYTES)) {
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
