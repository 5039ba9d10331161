import { expect, test } from "bun:test";
import {
  diceUnit,
  nextGaussian,
  nextInteger,
  nextReal,
  nextUnit,
  rollDice,
  STREAM,
  STREAM_WORDS,
  seedStreams,
} from "../../src/sim/state/rng.ts";

function streamsOf(seed: number): Uint32Array {
  const streams = new Uint32Array(STREAM_WORDS);
  seedStreams(streams, seed);
  return streams;
}

test("more draws from one stream do not shift another", () => {
  const quiet = streamsOf(42);
  const busy = streamsOf(42);
  for (let i = 0; i < 100; i++) nextUnit(busy, STREAM.food);
  expect(nextUnit(busy, STREAM.breeding)).toBe(nextUnit(quiet, STREAM.breeding));
});

test("seeds that differ in any of 53 bits differ in all streams", () => {
  const seen = new Set<number>();
  for (let bit = 0; bit < 53; bit++) {
    const streams = streamsOf(2 ** bit);
    for (const stream of Object.values(STREAM)) seen.add(nextUnit(streams, stream));
  }
  expect(seen.size).toBe(53 * Object.values(STREAM).length);
});

test("draws stay in their ranges and have the moments they should", () => {
  const streams = streamsOf(7);
  let [sum, squares] = [0, 0];
  const faces = new Uint32Array(6);
  for (let i = 0; i < 60_000; i++) {
    const real = nextReal(streams, STREAM.food, -3, 5);
    expect(real >= -3 && real < 5).toBe(true);
    const face = nextInteger(streams, STREAM.live, 6);
    faces[face] = (faces[face] ?? 0) + 1;
    const normal = nextGaussian(streams, STREAM.breeding);
    sum += normal;
    squares += normal * normal;
  }
  expect(Math.abs(sum / 60_000)).toBeLessThan(0.02);
  expect(Math.abs(squares / 60_000 - 1)).toBeLessThan(0.03);
  for (const count of faces) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test("a fish's own dice are fair", () => {
  let dice = 1;
  let sum = 0;
  for (let i = 0; i < 20_000; i++) {
    dice = rollDice(dice);
    sum += diceUnit(dice);
  }
  expect(Math.abs(sum / 20_000 - 0.5)).toBeLessThan(0.01);
});
