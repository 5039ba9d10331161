/** A longer value is refused: a thousand members take about a quarter of a megabyte. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024;

/**
 * What follows a value's first byte: the number of bytes that hold a length, the number of fixed
 * bytes, and for each unit of the length a byte or a number of values.
 */
interface Head {
  readonly lengthBytes: number;
  readonly payload: number;
  readonly valuesEach: number;
}

const NOTHING: Head = { lengthBytes: 0, payload: 0, valuesEach: 0 };

/** By the first byte from 0xc0 to 0xdf; 0xc1 is never used. */
const HEADS: readonly (Head | undefined)[] = [
  NOTHING,
  undefined,
  NOTHING,
  NOTHING,
  ...[1, 2, 4].map(counted),
  ...[1, 2, 4].map((lengthBytes) => ({ ...counted(lengthBytes), payload: 1 })),
  ...[4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17].map((payload) => ({ ...NOTHING, payload })),
  ...[1, 2, 4].map(counted),
  ...[2, 4].map((lengthBytes) => ({ ...counted(lengthBytes), valuesEach: 1 })),
  ...[2, 4].map((lengthBytes) => ({ ...counted(lengthBytes), valuesEach: 2 })),
];

/**
 * Splits a stream of MessagePack into whole values: Serf sends one after the other without their
 * lengths. Nothing is decoded, so a list that claims a billion entries takes no more memory than
 * the received bytes. https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export class Frames {
  #bytes = new Uint8Array(0);
  /** How far the first value was scanned. */
  #at = 0;
  /** Values that are still missing beyond that. */
  #lacking = 1;

  /**
   * The values that `chunk` completes, each as its bytes. Throws RangeError for invalid MessagePack
   * or a value that is too long.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#skipOne()) {
      if (this.#lacking > 0) continue;
      yield this.#bytes.subarray(0, this.#at);
      this.#bytes = this.#bytes.subarray(this.#at);
      this.#at = 0;
      this.#lacking = 1;
    }
  }

  /** Skips one value, or the head of a list or map. False if it is incomplete. */
  #skipOne(): boolean {
    const first = this.#bytes[this.#at];
    if (first === undefined) return false;
    const head = headOf(first);
    if (head === undefined) throw new RangeError("this is not MessagePack");
    const start = this.#at + 1 + head.lengthBytes;
    if (start > this.#bytes.length) return false;
    const length = head.lengthBytes === 0 ? shortLength(first) : this.#read(head.lengthBytes);
    const values = length * head.valuesEach;
    const end = start + head.payload + (head.valuesEach === 0 ? length : 0);
    if (end + this.#lacking + values > FRAME_BYTES_MAX)
      throw new RangeError("the value is too long");
    if (end > this.#bytes.length) return false;
    this.#at = end;
    this.#lacking += values - 1;
    return true;
  }

  /** The big-endian number after the first byte. */
  #read(byteCount: number): number {
    const bytes = this.#bytes.subarray(this.#at + 1, this.#at + 1 + byteCount);
    return bytes.reduce((value, byte) => value * 256 + byte, 0);
  }
}

function counted(lengthBytes: number): Head {
  return { ...NOTHING, lengthBytes };
}

function headOf(first: number): Head | undefined {
  if (first >= 0xc0 && first < 0xe0) return HEADS[first - 0xc0];
  if (first >= 0x80 && first < 0x90) return { ...NOTHING, valuesEach: 2 };
  if (first >= 0x90 && first < 0xa0) return { ...NOTHING, valuesEach: 1 };
  return NOTHING;
}

/** Short texts, lists and maps have their length in the first byte. */
function shortLength(first: number): number {
  if (first >= 0xa0 && first < 0xc0) return first & 0x1f;
  return first >= 0x80 && first < 0xa0 ? first & 0x0f : 0;
}
