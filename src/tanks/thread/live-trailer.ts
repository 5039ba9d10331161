import type { Controls } from "./controls.ts";

/** Where a tank stands whose state lies in shared memory. */
export interface LivePlace {
  readonly engineVersion: number;
  /** The last entry of its log, and that entry's checksum. */
  readonly seq: number;
  readonly checksum: string;
  readonly tick: number;
  readonly controls: Controls;
}

/** "LIVE" and the version of this form; anything else is a state that is being changed, or none. */
const PARKED = 0x4c495601;
const UNPARKED = 0;

/** Numbers behind the mark: see {@link Trailer.park}. */
const NUMBERS = 6;
const MARK_BYTES = 8;
/** Hex digits of a checksum of the log, one byte each. */
const CHECKSUM_BYTES = 32;

/** A multiple of 8, so that it can be as aligned as the arena before it. */
export const TRAILER_BYTES = MARK_BYTES + NUMBERS * Float64Array.BYTES_PER_ELEMENT + CHECKSUM_BYTES;

/** Absent is written as what is neither a rate nor a tick. */
const NONE = -1;

/** The last bytes of a tank's shared memory. */
export class Trailer {
  readonly #mark: Int32Array;
  readonly #numbers: Float64Array;
  readonly #checksum: Uint8Array;
  #written = "";

  constructor(memory: ArrayBuffer) {
    const at = memory.byteLength - TRAILER_BYTES;
    this.#mark = new Int32Array(memory, at, 1);
    this.#numbers = new Float64Array(memory, at + MARK_BYTES, NUMBERS);
    this.#checksum = new Uint8Array(memory, memory.byteLength - CHECKSUM_BYTES, CHECKSUM_BYTES);
  }

  /** Atomic, so that no write to the state moves before it. */
  unpark(): void {
    Atomics.store(this.#mark, 0, UNPARKED);
  }

  park({ engineVersion, seq, tick, controls, checksum }: LivePlace): void {
    const numbers = this.#numbers;
    numbers[0] = engineVersion;
    numbers[1] = seq;
    numbers[2] = tick;
    numbers[3] = Number(controls.paused);
    numbers[4] = controls.tickRate;
    numbers[5] = controls.fastForwardTo ?? NONE;
    if (checksum !== this.#written) {
      new TextEncoder().encodeInto(checksum, this.#checksum);
      this.#written = checksum;
    }
    Atomics.store(this.#mark, 0, PARKED);
  }

  /** Undefined unless the state before it is whole. */
  read(): LivePlace | undefined {
    if (Atomics.load(this.#mark, 0) !== PARKED) return undefined;
    const [engineVersion = 0, seq = 0, tick = 0, paused, tickRate = 0, end = NONE] = this.#numbers;
    const fastForwardTo = end === NONE ? undefined : end;
    const controls = { paused: paused === 1, tickRate, fastForwardTo };
    const checksum = new TextDecoder().decode(this.#checksum);
    return { engineVersion, seq, tick, controls, checksum };
  }
}

/** Undefined where no whole state lies. */
export function placeIn(memory: ArrayBuffer): LivePlace | undefined {
  const { byteLength } = memory;
  if (byteLength < TRAILER_BYTES || byteLength % Float64Array.BYTES_PER_ELEMENT !== 0) {
    return undefined;
  }
  return new Trailer(memory).read();
}
