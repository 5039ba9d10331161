import { expect, test } from "bun:test";
import { attraction } from "../../src/sim/heredity/attraction.ts";
import {
  boostAt,
  countNiches,
  diversityOf,
  isRare,
  mutationIn,
  nicheCost,
  watchDiversity,
} from "../../src/sim/heredity/diversity.ts";
import { GENE, GENE_CELLS, MATE_GENE } from "../../src/sim/heredity/genes.ts";
import { bearAfterPoker } from "../../src/sim/heredity/reproduction.ts";
import { fishOf, statsOf, step } from "../../src/sim/index.ts";
import { MUTATION, ORIGINS } from "../../src/sim/model.ts";
import type { Tank } from "../../src/sim/state/tank.ts";
import { feed, quietTank, setGene, setWays } from "./lonely.ts";
import { run, tankOf } from "./scripts.ts";

function births(tank: Tank) {
  const { bornSexual, bornAsexual, bornBanked, bornPoker, born } = tank.counters;
  expect(bornSexual + bornAsexual + bornBanked + bornPoker).toBe(born);
  return { sexual: bornSexual, asexual: bornAsexual, banked: bornBanked, poker: bornPoker };
}

function originOf(tank: Tank, row: number): string | undefined {
  return ORIGINS[tank.fish.origin[row] as number];
}

test("two adults that are close and half fed have a child of both", () => {
  const tank = quietTank(2);
  for (const row of [0, 1]) feed(tank, row, 0.9);
  step(tank);
  expect(births(tank)).toEqual({ sexual: 1, asexual: 0, banked: 0, poker: 0 });
  expect(originOf(tank, 2)).toBe("sexual");
  expect(fishOf(tank)[2]?.parent_ids.length).toBe(2);
});

test.each([
  ["too far apart", 61, 0.9, 1_000],
  ["too hungry", 40, 0.44, 1_000],
  ["too young", 40, 0.9, 880],
])("no child of two that are %s", (_, apart, ratio, age) => {
  const tank = quietTank(2, apart);
  for (const row of [0, 1]) {
    tank.fish.age[row] = age;
    feed(tank, row, ratio);
  }
  step(tank);
  expect(births(tank).sexual).toBe(0);
});

test("of two mates in reach the more attractive is taken, not the nearer", () => {
  const choose = (preferred: number) => {
    const tank = quietTank(3, 25);
    for (const row of [0, 1, 2]) {
      feed(tank, row, 0.9);
      setGene(tank, row, GENE.hue, 0.25 * row);
      for (let gene = MATE_GENE.weightSize; gene <= MATE_GENE.weightEnergy; gene++) {
        setGene(tank, row, gene, 0);
      }
      setGene(tank, row, MATE_GENE.weightHue, 1);
      setGene(tank, row, MATE_GENE.hue, preferred);
    }
    step(tank);
    const ids = fishOf(tank).map((fish) => fish.fish_id);
    return ids.indexOf(fishOf(tank)[3]?.parent_ids[1] ?? "");
  };
  expect([choose(0.25), choose(0.5)]).toEqual([1, 2]);
});

test("attraction grows with every preference that is met, by its weight", () => {
  const genes = new Float32Array(2 * GENE_CELLS).fill(1);
  const judge = 0;
  const other = GENE_CELLS;
  for (const [preferred, gene] of [
    [MATE_GENE.hue, GENE.hue],
    [MATE_GENE.pattern, GENE.pattern],
  ] as const) {
    genes[judge + preferred] = 0.3;
    genes[other + gene] = 0.3;
  }
  expect(attraction(genes, judge, other, 1)).toBeCloseTo(7, 6);
  genes[other + GENE.hue] = 0.8;
  expect(attraction(genes, judge, other, 1)).toBeCloseTo(6, 6);
  // The hue is a circle: 0.95 and 0.05 are neighbours.
  genes[judge + MATE_GENE.hue] = 0.95;
  genes[other + GENE.hue] = 0.05;
  expect(attraction(genes, judge, other, 1)).toBeCloseTo(6.8, 6);
  genes[judge + MATE_GENE.weightHue] = 0;
  genes[other + GENE.size] = 2;
  expect(attraction(genes, judge, other, 0.5)).toBeCloseTo(6 - 1 / 1.5 - 0.5, 5);
});

test("an inclined adult that is full bears alone and pays", () => {
  const tank = quietTank(1);
  setGene(tank, 0, GENE.asexual, 1);
  feed(tank, 0, 1);
  const before = tank.fish.energy[0] as number;
  step(tank);
  expect(births(tank)).toEqual({ sexual: 0, asexual: 1, banked: 0, poker: 0 });
  expect(originOf(tank, 1)).toBe("asexual");
  expect(before - (tank.fish.energy[0] as number)).toBeGreaterThan(75);
});

test("in a full tank the price goes to the bank, and the child comes when there is room", () => {
  const tank = quietTank(100, 0);
  for (let row = 0; row < 100; row++) {
    tank.fish.age[row] = 700;
    tank.fish.x[row] = 30 + 10 * row;
  }
  tank.fish.age[0] = 1_000;
  setGene(tank, 0, GENE.asexual, 1);
  setWays(tank, 0, { social: 1 });
  feed(tank, 0, 1);
  const capacity = tank.fish.energy[0] as number;
  step(tank);
  expect(births(tank)).toEqual({ sexual: 0, asexual: 0, banked: 0, poker: 0 });
  expect(tank.fish.bank[0]).toBeGreaterThan(40);
  expect((tank.fish.energy[0] as number) + (tank.fish.bank[0] as number)).toBeGreaterThan(
    capacity - 1,
  );
  tank.fish.energy[99] = 0;
  // With one fish fewer its share, and so the price, is a little higher.
  tank.fish.bank[0] = (tank.fish.bank[0] as number) + 1;
  run(tank, 2);
  expect(births(tank).banked).toBe(1);
});

test("after a game the winner breeds with a near mate, or alone, for 15 % of its energy", () => {
  for (const alone of [false, true]) {
    const tank = quietTank(2, 70);
    for (const row of [0, 1]) feed(tank, row, 0.8);
    step(tank);
    const before = [tank.fish.energy[0] as number, tank.fish.energy[1] as number];
    const child = bearAfterPoker(tank, 0, alone);
    expect(child).toBe(2);
    expect(births(tank).poker).toBe(1);
    const paid = before.map((energy, row) => energy - (tank.fish.energy[row] as number));
    const had = (tank.fish.energy[2] as number) + (tank.fish.bank[2] as number);
    expect(paid[0]).toBeCloseTo(0.15 * (before[0] ?? 0), 9);
    expect(paid[1]).toBeCloseTo(alone ? 0 : 0.15 * (before[1] ?? 0), 9);
    expect(had).toBeCloseTo((paid[0] ?? 0) + (paid[1] ?? 0), 9);
  }
});

test("after a game nobody breeds who is young, hungry or without a mate", () => {
  const refused = (age: number, ratio: number, apart: number) => {
    const tank = quietTank(2, apart);
    for (const row of [0, 1]) feed(tank, row, ratio);
    step(tank);
    tank.fish.age[0] = age;
    return bearAfterPoker(tank, 0, false);
  };
  expect([
    refused(1_000, 0.8, 70),
    refused(700, 0.8, 70),
    refused(1_000, 0.6, 70),
    refused(1_000, 0.8, 100),
  ]).toEqual([2, -1, -1, -1]);
});

test("common ways of life pay more for a child than rare ones, from ten fish on", () => {
  const few = quietTank(9);
  countNiches(few);
  expect(nicheCost(few, 0)).toBe(1);
  const tank = quietTank(20);
  setWays(tank, 19, { food: 5 });
  countNiches(tank);
  expect(nicheCost(tank, 0)).toBeCloseTo(0.6 + 1.2 * 0.95, 9);
  expect(nicheCost(tank, 19)).toBeCloseTo(0.6 + 1.2 * 0.05, 9);
  expect([isRare(tank, 0), isRare(tank, 19)]).toEqual([false, true]);
});

test("the rare mate with a tenth less energy", () => {
  const mates = (rare: boolean) => {
    const tank = quietTank(20, 200);
    for (let row = 0; row < 20; row++) tank.fish.x[row] = row < 2 ? 500 + 30 * row : 900;
    for (const row of [0, 1]) feed(tank, row, 0.46);
    if (rare) {
      setWays(tank, 0, { food: 5 });
      setWays(tank, 1, { food: 4 });
    }
    step(tank);
    return births(tank).sexual;
  };
  expect([mates(false), mates(true)]).toEqual([0, 1]);
});

test("diversity is 0 for an empty tank, low for clones, high for founders", () => {
  expect(diversityOf(tankOf(1, 0))).toBe(0);
  const clones = tankOf(1, 50);
  for (let row = 0; row < 50; row++) {
    setWays(clones, row, {});
    setGene(clones, row, GENE.template, 2);
    setGene(clones, row, GENE.hue, 0.4);
  }
  expect(diversityOf(clones)).toBeCloseTo((1 / 50 + 1 / 6) / 3, 6);
  expect(diversityOf(tankOf(1, 50))).toBeGreaterThan(0.8);
});

test("low and falling diversity raises mutation until it recovers, but not for the rare", () => {
  const tank = tankOf(1, 50);
  const watch = () => {
    tank.counters.tick = 100;
    watchDiversity(tank);
    return tank.counters.mutationBoost;
  };
  expect(watch()).toBe(1);
  for (let row = 0; row < 50; row++) {
    setWays(tank, row, {});
    setGene(tank, row, GENE.template, 2);
    setGene(tank, row, GENE.hue, 0.4);
  }
  expect(watch()).toBe(3);
  expect(mutationIn(tank, false)).toEqual({ rate: 0.35, strength: 0.25, switching: 0.16 });
  expect(mutationIn(tank, true)).toEqual(MUTATION);
  for (let row = 0; row < 20; row++) setGene(tank, row, GENE.template, row % 6);
  for (let row = 0; row < 10; row++) setGene(tank, row, GENE.hue, row / 10);
  expect(watch()).toBe(1);
  expect([boostAt(0.25), boostAt(0.12), boostAt(0.11)]).toEqual([1, 2, 3]);
});

test("over a long run fish are born in every way, and the counts add up", () => {
  const tank = run(tankOf(42, 10), 6_000);
  const { sexual, asexual, banked, poker } = births(tank);
  expect(Math.min(sexual, asexual, banked, poker)).toBeGreaterThan(0);
  expect(statsOf(tank).ledger.born).toBe(sexual + asexual + banked + poker);
  expect(tank.counters.spawnedEmergency).toBeGreaterThan(0);
});

test("in an emergency a copy of the best fed is added, and of two alike the rarer one's", () => {
  const parentOf = (ratios: readonly number[], rare: number) => {
    const tank = quietTank(ratios.length, 100);
    for (const [row, ratio] of ratios.entries()) feed(tank, row, ratio);
    setWays(tank, rare, { food: 5 });
    tank.counters.lastEmergencyTick = -1_000;
    step(tank);
    expect(tank.counters.spawnedEmergency).toBe(1);
    const clone = fishOf(tank).at(-1);
    expect(clone).toMatchObject({ generation: 0, age: 0 });
    expect(originOf(tank, ratios.length)).toBe("emergency");
    return fishOf(tank).findIndex((fish) => fish.fish_id === clone?.parent_ids[0]);
  };
  expect(parentOf([0.3, 0.44, 0.3, 0.3], 1)).toBe(1);
  expect(parentOf([0.42, 0.42, 0.42, 0.42], 2)).toBe(2);
  expect(parentOf([0.1, 0.44, 0.1, 0.05], 3)).toBe(1);
});
