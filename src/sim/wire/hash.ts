/**
 * The block and final mix of MurmurHash3_x86_128 (Austin Appleby, public domain) over whole 32-bit
 * words: a last incomplete block is padded instead of mixed apart. It tells states and damaged
 * bytes apart; it is no defence against somebody who forges them.
 */

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

/** Four lanes and the number of bytes so far. */
export function startHash(): Uint32Array {
  return new Uint32Array(5);
}

/** Absorbs words [from, to) into `state`; a last incomplete block is padded with zeros. */
export function absorb(state: Uint32Array, words: Uint32Array, from: number, to: number): void {
  const whole = to - ((to - from) & 3);
  const lanes = signed(state);
  mixBlocks(lanes, signed(words), from, whole);
  if (whole < to) {
    const last = new Uint32Array(4);
    last.set(words.subarray(whole, to));
    mixBlocks(lanes, signed(last), 0, 4);
  }
  state[4] = state[4] + 4 * (to - from);
}

/** The same bits as signed words: the compiler keeps those in registers, and unsigned ones not. */
function signed(words: Uint32Array): Int32Array {
  return new Int32Array(words.buffer, words.byteOffset, words.length);
}

function mixBlocks(lanes: Int32Array, words: Int32Array, from: number, to: number): void {
  let h1 = lanes[0];
  let h2 = lanes[1];
  let h3 = lanes[2];
  let h4 = lanes[3];
  for (let i = from; i < to; i += 4) {
    h1 ^= scramble(words[i], C1, 15, C2);
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= scramble(words[i + 1], C2, 16, C3);
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= scramble(words[i + 2], C3, 17, C4);
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= scramble(words[i + 3], C4, 18, C1);
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  lanes[0] = h1;
  lanes[1] = h2;
  lanes[2] = h3;
  lanes[3] = h4;
}

/** The 128 bits as four words. `state` stays usable. */
export function finishHash(state: Uint32Array): Uint32Array {
  const length = state[4];
  let h1 = state[0] ^ length;
  let h2 = state[1] ^ length;
  let h3 = state[2] ^ length;
  let h4 = state[3] ^ length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = avalanche(h1);
  h2 = avalanche(h2);
  h3 = avalanche(h3);
  h4 = avalanche(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  return Uint32Array.of(h1, h2 + h1, h3 + h1, h4 + h1);
}

/** The hash of `bytes`, whose length is padded to whole words with zeros. */
export function hashBytes(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array((bytes.length + 3) >> 2);
  new Uint8Array(words.buffer).set(bytes);
  const state = startHash();
  absorb(state, words, 0, words.length);
  absorb(state, Uint32Array.of(bytes.length), 0, 1);
  return finishHash(state);
}

/** {@link hashBytes} of the whole words from `from` on. */
export function hashWords(words: Uint32Array, from: number): Uint32Array {
  const state = startHash();
  absorb(state, words, from, words.length);
  absorb(state, Uint32Array.of(4 * (words.length - from)), 0, 1);
  return finishHash(state);
}

export function hexOf(words: Uint32Array): string {
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
}

/** Murmur's final mix: a 32-bit bijection in which every input bit reaches every output bit. */
export function avalanche(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function scramble(word: number, before: number, turn: number, after: number): number {
  return Math.imul(rotate(Math.imul(word, before), turn), after);
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
