import { expect, test } from "bun:test";
import { meanOf, measure } from "./measure.ts";

const SEEDS = [42, 7, 1, 2, 3, 4, 5, 6, 8, 9];
const TICKS = 10_000;
const FACTOR = 1.5;

/** Means of the reference world's two measured runs (docs/model.md, section 9). */
const REFERENCE = {
  births: 655,
  starved: 633,
  generations: 9.5,
  fishGames: 2_460,
  plantGames: 1_053,
} as const;
/** Between which numbers of fish its population swings once it has settled. */
const SWING = { least: 20, most: 80 } as const;

test("ten worlds come within a factor of 1.5 of the reference", () => {
  const mean = meanOf(SEEDS.map((seed) => measure(seed, TICKS)));
  for (const [name, reference] of Object.entries(REFERENCE)) {
    const ratio = mean[name as keyof typeof REFERENCE] / reference;
    expect(`${name} ${ratio > 1 / FACTOR && ratio < FACTOR}`).toBe(`${name} true`);
  }
  const swing = (mean.fishMost - mean.fishLeast) / (SWING.most - SWING.least);
  expect(swing).toBeGreaterThan(1 / FACTOR);
  expect(swing).toBeLessThan(FACTOR);
  expect(mean.fishMean).toBeLessThan((FACTOR * (SWING.least + SWING.most)) / 2);
  // Starvation dominates, and food, not the cap, sets the number of fish.
  expect(mean.starved).toBeGreaterThan(4 * (mean.predated + mean.aged));
  expect(mean.fishMean).toBeLessThan(90);
}, 180_000);
