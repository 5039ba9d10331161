import { hashWords } from "./hash.ts";

/**
 * The form that all records of travelling entities share: fixed layout, little-endian, data only.
 * Offsets in bytes:
 *
 *     0  magic u32        4  version u16     6  zero u16
 *     8  length u32       12 checksum 2×u32  20 zero u32
 *     24 the reals (f64), the words (u32), then the vectors (f32 or u32), in the layout's order
 *
 * The checksum is the first half of the hash of everything from 24 on: it finds damage. Whoever
 * means harm can make one that fits, so every number is checked against its bounds besides.
 */
export const RECORD_VERSION = 1;

const HEADER_BYTES = 24;
const HEADER_WORDS = HEADER_BYTES / 4;

export interface WireNumber<N extends string> {
  readonly name: N;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

export interface WireVector<V extends string> {
  readonly name: V;
  readonly element: "f32" | "u32";
  readonly width: number;
}

export interface RecordLayout<R extends string, W extends string, V extends string> {
  readonly magic: number;
  /** What it is a record of, for messages. */
  readonly noun: string;
  readonly reals: readonly WireNumber<R>[];
  readonly words: readonly WireNumber<W>[];
  readonly vectors: readonly WireVector<V>[];
  readonly bytes: number;
}

/** A real number between two bounds. */
export function real<N extends string>(name: N, min: number, max: number): WireNumber<N> {
  return { name, min, max, whole: false };
}

/** A whole number that needs more than 32 bits. */
export function whole<N extends string>(name: N, min: number): WireNumber<N> {
  return { name, min, max: Number.MAX_SAFE_INTEGER, whole: true };
}

export const WORD_MAX = 0xffff_ffff;
/** One below the end, so that counting on never wraps. */
export const COUNT_MAX = WORD_MAX - 1;

/** A 32-bit word. */
export function word<N extends string>(name: N, max = WORD_MAX): WireNumber<N> {
  return { name, min: 0, max, whole: true };
}

export function layoutOf<R extends string, W extends string, V extends string>(
  parts: Omit<RecordLayout<R, W, V>, "bytes">,
): RecordLayout<R, W, V> {
  const cells = parts.vectors.reduce((sum, { width }) => sum + width, 0);
  const bytes = HEADER_BYTES + 8 * parts.reals.length + 4 * parts.words.length + 4 * cells;
  return { ...parts, bytes };
}

type Scalars<N extends string> = Readonly<Record<N, Float64Array | Uint32Array>>;
type Vectors<V extends string> = Readonly<Record<V, Float32Array | Uint32Array>>;

/**
 * The record of the entity in `row` of its columns; its vectors are in row `vectorRow` of theirs.
 */
export function encodeRecord<R extends string, W extends string, V extends string>(
  layout: RecordLayout<R, W, V>,
  scalars: Scalars<R | W>,
  row: number,
  vectors: Vectors<V>,
  vectorRow: number,
): Uint8Array {
  const buffer = new ArrayBuffer(layout.bytes);
  const words = new Uint32Array(buffer);
  const reals = new Float64Array(buffer, HEADER_BYTES, layout.reals.length);
  for (let i = 0; i < reals.length; i++) {
    reals[i] = scalars[layout.reals[i].name][row];
  }
  let at = HEADER_WORDS + 2 * reals.length;
  for (const { name } of layout.words) words[at++] = scalars[name][row];
  for (const { name, width } of layout.vectors) {
    const cells = wordsOf(vectors[name]).subarray(vectorRow * width, (vectorRow + 1) * width);
    words.set(cells, at);
    at += width;
  }
  const checksum = hashWords(words, HEADER_WORDS);
  words[0] = layout.magic;
  words[1] = RECORD_VERSION;
  words[2] = layout.bytes;
  words[3] = checksum[0];
  words[4] = checksum[1];
  return new Uint8Array(buffer);
}

/** A vector column as the bits that it is made of. */
function wordsOf(column: Float32Array | Uint32Array): Uint32Array {
  if (column instanceof Uint32Array) return column;
  return new Uint32Array(column.buffer, column.byteOffset, column.length);
}

/** What a record of this layout says, unchecked but for its form. */
export interface Decoded<R extends string, W extends string, V extends string> {
  readonly numbers: Readonly<Record<R | W, number>>;
  readonly vectors: Readonly<Record<V, Float32Array | Uint32Array>>;
}

/** Why bytes are not a record that this engine can read. */
export interface BadRecord {
  readonly kind: "bad";
  readonly reason: "bad_record" | "unsupported_version";
  readonly detail: string;
}

/** Takes a record apart. Never throws. */
export function decodeRecord<R extends string, W extends string, V extends string>(
  layout: RecordLayout<R, W, V>,
  bytes: Uint8Array,
): Decoded<R, W, V> | BadRecord {
  const { noun } = layout;
  if (bytes.length < HEADER_BYTES || magicOf(bytes) !== layout.magic) {
    return bad(`this is no ${noun} record`);
  }
  const version = bytes[4] | (bytes[5] << 8);
  if (version !== RECORD_VERSION) {
    const detail = `version ${version} of the ${noun} record; this node reads ${RECORD_VERSION}`;
    return { kind: "bad", reason: "unsupported_version", detail };
  }
  if (bytes.length !== layout.bytes) {
    return bad(`a ${noun} record has ${layout.bytes} bytes, this one ${bytes.length}`);
  }
  // A copy of its own, since the bytes may lie anywhere in a larger buffer.
  const words = new Uint32Array(bytes.slice().buffer);
  if (words[2] !== layout.bytes) return bad(`the ${noun} record contradicts its own length`);
  if (words[1] !== RECORD_VERSION || words[5] !== 0) return bad("reserved bytes are in use");
  const checksum = hashWords(words, HEADER_WORDS);
  if (words[3] !== checksum[0] || words[4] !== checksum[1]) {
    return bad("the checksum does not match");
  }
  return takeApart(layout, words);
}

function takeApart<R extends string, W extends string, V extends string>(
  layout: RecordLayout<R, W, V>,
  words: Uint32Array<ArrayBuffer>,
): Decoded<R, W, V> {
  const { buffer } = words;
  const reals = new Float64Array(buffer, HEADER_BYTES, layout.reals.length);
  const numbers: Record<string, number> = {};
  for (const [i, { name }] of layout.reals.entries()) numbers[name] = reals[i];
  let at = HEADER_WORDS + 2 * reals.length;
  for (const { name } of layout.words) numbers[name] = words[at++];
  const vectors: Record<string, Float32Array | Uint32Array> = {};
  for (const { name, element, width } of layout.vectors) {
    const View = element === "f32" ? Float32Array : Uint32Array;
    vectors[name] = new View(buffer, 4 * at, width);
    at += width;
  }
  return { numbers, vectors } as Decoded<R, W, V>;
}

/** The name of the first number that is out of its bounds, or undefined. NaN is out of all. */
export function faultOfNumbers<N extends string>(
  fields: readonly WireNumber<N>[],
  numbers: Readonly<Record<N, number>>,
): string | undefined {
  for (let i = 0; i < fields.length; i++) {
    const { name, min, max, whole: isWhole } = fields[i];
    const value = numbers[name];
    if (!(value >= min && value <= max)) return name;
    if (isWhole && value !== Math.floor(value)) return name;
  }
  return undefined;
}

/** The first four bytes; 0 when there are fewer. */
export function magicOf(bytes: Uint8Array): number {
  if (bytes.length < 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

export function bad(detail: string): BadRecord {
  return { kind: "bad", reason: "bad_record", detail };
}
