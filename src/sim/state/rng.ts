import { avalanche } from "../wire/hash.ts";

/**
 * One integer stream per system, so that one more draw in one does not shift the others. Each is an
 * sfc32 (Chris Doty-Humphrey, PractRand): four words, add, xor and shift only, hence the same on
 * every machine. Besides, every fish carries a stream of its own (`dice`) that travels with it.
 */
export const STREAM = {
  founding: 0,
  food: 1,
  live: 2,
  breeding: 3,
  emergency: 4,
  /** What commands draw (feed, spawn). */
  visitors: 5,
  plants: 6,
  crabs: 7,
  poker: 8,
  feeders: 9,
} as const;

export type Stream = (typeof STREAM)[keyof typeof STREAM];

export const STREAM_COUNT = 10;
const WORDS = 4;
export const STREAM_WORDS = STREAM_COUNT * WORDS;
const UNIT = 1 / 0x1_0000_0000;
const WARM_UP = 12;
const GOLDEN = 0x9e3779b9;

/** Fills all streams from a 53-bit seed. */
export function seedStreams(streams: Uint32Array, seed: number): void {
  const high = Math.floor(seed / 0x1_0000_0000);
  for (let stream = 0; stream < STREAM_COUNT; stream++) {
    const at = stream * WORDS;
    const salt = Math.imul(stream + 1, GOLDEN);
    streams[at] = avalanche(seed ^ salt);
    streams[at + 1] = avalanche(high ^ avalanche(salt));
    streams[at + 2] = avalanche(streams[at] + streams[at + 1]);
    streams[at + 3] = 1;
    for (let i = 0; i < WARM_UP; i++) nextWord(streams, stream);
  }
}

/** A signed 32-bit word. */
export function nextWord(streams: Uint32Array, stream: number): number {
  const at = stream * WORDS;
  const a = streams[at];
  const b = streams[at + 1];
  const c = streams[at + 2];
  const d = streams[at + 3];
  const result = (a + b + d) | 0;
  streams[at] = b ^ (b >>> 9);
  streams[at + 1] = (c + (c << 3)) | 0;
  streams[at + 2] = ((c << 21) | (c >>> 11)) + result;
  streams[at + 3] = d + 1;
  return result;
}

/** A real in [0, 1). */
export function nextUnit(streams: Uint32Array, stream: Stream): number {
  return (nextWord(streams, stream) >>> 0) * UNIT;
}

/** A real in [min, max). */
export function nextReal(streams: Uint32Array, stream: Stream, min: number, max: number): number {
  return min + (max - min) * nextUnit(streams, stream);
}

/** An integer in [0, bound). */
export function nextInteger(streams: Uint32Array, stream: Stream, bound: number): number {
  return Math.floor(nextUnit(streams, stream) * bound);
}

/**
 * Nearly normal with mean 0 and variance 1: four uniforms summed (Irwin–Hall), tails end at ±3.46.
 * The exact normal needs log and cos, which differ between machines.
 */
export function nextGaussian(streams: Uint32Array, stream: Stream): number {
  let sum = -2;
  for (let i = 0; i < 4; i++) sum += nextUnit(streams, stream);
  return sum * Math.sqrt(3);
}

/** The next state of a fish's own stream (splitmix32); its draws are `diceUnit` of the states. */
export function rollDice(dice: number): number {
  return (dice + GOLDEN) >>> 0;
}

/** A real in [0, 1) that belongs to a state of a fish's own stream. */
export function diceUnit(dice: number): number {
  return (avalanche(dice) >>> 0) * UNIT;
}
