/** A longer value is refused: a thousand members take about a quarter of a megabyte. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024;

/**
 * What follows a value's first byte: so many bytes that hold a length, so many bytes whatever that
 * length is, and for each one of the length a byte or so many values.
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
 * Cuts a stream of MessagePack into whole values, for Serf sends one after the other without saying
 * how long each is. Nothing is decoded, so that a list which claims a billion entries takes no more
 * memory than the bytes that have come.
 * https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export class Frames {
  #bytes = new Uint8Array(0);
  /** How far the first value was looked at. */
  #at = 0;
  /** Values that it lacks beyond that. */
  #lacking = 1;

  /**
   * The values that `chunk` completes, each as its bytes. Throws RangeError for what is no
   * MessagePack or too long.
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

  /** Steps over one value, of a list or map over its head. False where it is not there yet. */
  #skipOne(): boolean {
    const first = this.#bytes[this.#at];
    if (first === undefined) return false;
    const head = headOf(first);
    if (head === undefined) throw new RangeError("this is no MessagePack");
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

  /** The big-endian number behind the first byte. */
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
