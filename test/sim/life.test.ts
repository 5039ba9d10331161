import { expect, test } from "bun:test";
import { foodInterval } from "../../src/sim/habitat/food.ts";
import { GENE } from "../../src/sim/heredity/genes.ts";
import { apply, FOOD_KINDS, fishOf, foodOf, statsOf, step } from "../../src/sim/index.ts";
import { capacityAt, metabolise, sizeAt } from "../../src/sim/life/metabolism.ts";
import type { Tank } from "../../src/sim/state/tank.ts";
import { setGene } from "./lonely.ts";
import { run, tankOf } from "./scripts.ts";

/** One resting adult in the middle of a tank without food. */
function lonely(): Tank {
  const tank = tankOf(1, 1);
  tank.counters.food = 0;
  tank.counters.crabs = 0;
  tank.counters.plants = 0;
  tank.counters.plantsFounded = 0;
  tank.counters.lastPlantEmergencyTick = 1e9;
  tank.counters.foodCredit = -1e9;
  tank.counters.lastEmergencyTick = 1e9;
  // Goes straight for food, keeps to itself, bears alone only what its bank pays.
  tank.fish.niche[0] = 0;
  setGene(tank, 0, GENE.asexual, 0);
  tank.fish.x[0] = 500;
  tank.fish.y[0] = 300;
  tank.fish.age[0] = 1_000;
  tank.fish.energy[0] = 0.3 * capacityAt(1_000, tank.fish.girth[0] as number);
  return tank;
}

function putFood(tank: Tank, x: number, y: number, kind: number): void {
  apply(tank, { kind: "feed", portions: 1 });
  const row = tank.counters.food - 1;
  tank.food.x[row] = x;
  tank.food.y[row] = y;
  tank.food.kind[row] = kind;
  tank.food.energy[row] = FOOD_KINDS[kind]?.energy ?? 0;
  tank.food.closed[row] = 0;
}

test("a hungry fish swims to food that it sees and gains its energy", () => {
  const tank = lonely();
  putFood(tank, 600, 250, 2);
  const before = tank.fish.energy[0] as number;
  for (let i = 0; i < 200 && foodOf(tank).length > 0; i++) step(tank);
  expect(foodOf(tank)).toEqual([]);
  const gained = (tank.fish.energy[0] as number) + (tank.fish.bank[0] as number) - before;
  expect(gained).toBeGreaterThan(60);
  expect(gained).toBeLessThanOrEqual(120);
});

test("of two items the one with more energy for its distance is chosen", () => {
  const tank = lonely();
  putFood(tank, 560, 300, 0);
  putFood(tank, 420, 300, 4);
  run(tank, 10);
  // 65/(1 + 0.02·60) < 150/(1 + 0.02·80).
  expect(fishOf(tank)[0]?.vx).toBeLessThan(0);
});

test("a bank above the price of a child gives one, with a parent and the next generation", () => {
  const tank = lonely();
  tank.fish.bank[0] = 100;
  step(tank);
  const [parent, child] = fishOf(tank);
  expect(child).toMatchObject({
    generation: (parent?.generation ?? 0) + 1,
    parent_ids: [parent?.fish_id],
    hops: 0,
    age: 1,
  });
  expect(tank.fish.bank[0]).toBe(25);
  expect(statsOf(tank).ledger.born).toBe(1);
});

test("two well-fed adults that meet have a child and share its price", () => {
  const tank = tankOf(3, 2);
  tank.counters.food = 0;
  for (const row of [0, 1]) {
    tank.fish.x[row] = 500 + 40 * row;
    tank.fish.y[row] = 300;
    tank.fish.age[row] = 1_000;
    tank.fish.pokerRestUntil[row] = 2_000;
    tank.fish.energy[row] = 0.9 * capacityAt(1_000, tank.fish.girth[row] as number);
  }
  const before = [tank.fish.energy[0] as number, tank.fish.energy[1] as number];
  step(tank);
  const ids = fishOf(tank).map((fish) => fish.fish_id);
  expect(fishOf(tank)[2]?.parent_ids).toEqual(ids.slice(0, 2));
  for (const row of [0, 1]) {
    const paid = (before[row] as number) - (tank.fish.energy[row] as number);
    expect(paid).toBeGreaterThan(37.5);
    expect(paid).toBeLessThan(39);
  }
});

test("a juvenile does not breed", () => {
  const tank = lonely();
  tank.fish.age[0] = 800;
  tank.fish.bank[0] = 100;
  step(tank);
  expect(statsOf(tank).ledger.born).toBe(0);
});

test("without energy a fish starves, at the end of its life it dies of age", () => {
  const starving = lonely();
  starving.fish.energy[0] = 0.01;
  step(starving);
  expect(statsOf(starving).ledger.died).toEqual({ starvation: 1, predation: 0, old_age: 0 });
  const old = lonely();
  old.fish.age[0] = (old.fish.lifespan[0] as number) - 1;
  expect(fishOf(old)[0]?.stage).toBe("elder");
  step(old);
  expect(statsOf(old).ledger.died).toEqual({ starvation: 0, predation: 0, old_age: 1 });
});

test("a tick costs what the formula says", () => {
  // Size 1, M 1, at 0.85 of the top speed: 0.025 + 0.035 + 0.08·0.85 + 0.18·0.15².
  const burnAt = (age: number) => {
    const energy = Float64Array.of(100);
    metabolise(
      1,
      1,
      Float64Array.of(1),
      Float64Array.of(1),
      Float64Array.of(2),
      Uint32Array.of(2_700),
      Float64Array.of(1.7),
      Float64Array.of(0),
      Uint32Array.of(age),
      energy,
      new Float64Array(3),
    );
    return 100 - (energy[0] as number);
  };
  const adult = 0.025 + 0.035 + 0.08 * 0.85 + 0.18 * 0.15 * 0.15;
  expect(burnAt(1_000)).toBeCloseTo(adult, 9);
  expect(burnAt(100)).toBeCloseTo(0.5 * adult, 9);
  expect(burnAt(2_400)).toBeCloseTo(1.5 * adult, 9);
});

test("a fish grows from half its size to the whole over babyhood", () => {
  expect([0, 300, 600, 5_000].map((age) => sizeAt(age, 1.5))).toEqual([0.75, 1.125, 1.5, 1.5]);
});

test.each([
  [0, 10, 9],
  [3_000, 50, 11],
  [5_100, 50, 36],
  [6_000, 50, 54],
  [8_000, 50, 72],
  [3_000, 85, 14],
  [3_000, 95, 17],
])("at %d energy and %d fish there is food every %d ticks", (energy, fish, interval) => {
  expect(foodInterval(energy, fish)).toBe(interval);
});

test("kinds of food come in their shares", () => {
  const tank = tankOf(1, 1);
  const counts = new Map<number, number>();
  for (let i = 0; i < 100; i++) {
    tank.counters.food = 0;
    apply(tank, { kind: "feed", portions: 200 });
    for (const [, , kind] of foodOf(tank)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  for (const [kind, { name, weight }] of FOOD_KINDS.entries()) {
    const expected = name === "live" ? 0.4 : 0.6 * weight;
    expect((counts.get(kind) ?? 0) / 20_000).toBeCloseTo(expected, 1.7);
  }
});

test("dead food sinks to the floor and is gone, live food lives its time", () => {
  const tank = lonely();
  tank.counters.fish = 1;
  tank.fish.energy[0] = capacityAt(1_000, tank.fish.girth[0] as number);
  tank.fish.x[0] = 1_060;
  putFood(tank, 100, 20, 1);
  putFood(tank, 100, 20, 5);
  const depth: number[] = [];
  for (let i = 0; i < 200; i++) {
    step(tank);
    depth.push(foodOf(tank)[0]?.[1] ?? Number.NaN);
  }
  // From rest with 0.012 px/tick²: the sum of n velocities is 0.012·n(n + 1)/2.
  expect(depth[99]).toBeCloseTo(20 + (0.012 * 100 * 101) / 2, 6);
  run(tank, 150);
  expect(foodOf(tank).map(([, , kind]) => kind)).toEqual([5]);
});
