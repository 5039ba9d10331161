import { expect, test } from "bun:test";
import { castShadow, followTick, twinGenomes } from "../../bench/shadow.ts";
import { TRAITS, traitsOf } from "../../bench/traits.ts";
import { GENE_CELLS } from "../../src/sim/heredity/genes.ts";
import { faultOfGenome } from "../../src/sim/heredity/genome.ts";
import { createTank, digest, step } from "../../src/sim/index.ts";
import { genomeOf } from "../../src/sim/state/population.ts";

const SPEC = { seed: 5, fish: 60, tankKey: "00000000000000b1" };

test("every living fish has one twin with a whole genome, and the tank does not notice", () => {
  const alone = createTank(SPEC);
  const tank = createTank(SPEC);
  const shadow = castShadow(tank, 1);
  for (let tick = 0; tick < 4_000; tick++) {
    step(alone);
    step(tank);
    followTick(tank, shadow);
  }
  expect(tank.counters.born).toBeGreaterThan(100);
  expect([...shadow.twins.keys()].sort((a, b) => a - b)).toEqual([
    ...tank.fish.counter.subarray(0, tank.counters.fish),
  ]);
  for (const genome of twinGenomes(shadow)) {
    expect(faultOfGenome(shadow.genes.subarray(genome, genome + GENE_CELLS))).toBeUndefined();
  }
  expect(digest(tank)).toBe(digest(alone));
});

test("twins begin alike and then go their own way", () => {
  const tank = createTank(SPEC);
  const shadow = castShadow(tank, 1);
  const fish = () =>
    traitsOf(
      tank.bodies.genes,
      Array.from({ length: tank.counters.fish }, (_, row) => genomeOf(tank, row)),
    );
  const twins = () => traitsOf(shadow.genes, twinGenomes(shadow));
  expect(twins()).toEqual(fish());
  for (let tick = 0; tick < 2_000; tick++) {
    step(tank);
    followTick(tank, shadow);
  }
  const now = fish();
  const apart = twins().filter((value, trait) => value !== now[trait]).length;
  expect(apart).toBeGreaterThan(TRAITS.length * 0.9);
});
