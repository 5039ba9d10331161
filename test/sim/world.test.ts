import { expect, test } from "bun:test";
import fc from "fast-check";
import { createTank, digest, fishOf, foodOf, statsOf, step } from "../../src/sim/index.ts";
import { claimedAlive, KEY, play, run, scripts, specs, tankOf } from "./scripts.ts";

const GOLDEN = [
  { seed: 42, digest: "57740c257aabc684b8056293bce2fa32" },
  { seed: 7, digest: "f06f645216bcaaa88388e48afaa15b3f" },
];

for (const golden of GOLDEN) {
  test(`seed ${golden.seed} gives the same world after 5,000 ticks on every machine`, () => {
    expect(digest(run(tankOf(golden.seed, 50), 5_000))).toBe(golden.digest);
  });
}

test("whatever comes in, everybody is accounted for, unique, in order and a number", () => {
  fc.assert(
    fc.property(specs(), scripts(), (spec, script) => {
      const tank = createTank(spec);
      const away: Uint8Array[] = [];
      for (const move of script) {
        play(tank, away, move);
        const fish = fishOf(tank);
        expect(claimedAlive(tank)).toBe(fish.length);
        expect(new Set(fish.map((f) => f.fish_id)).size).toBe(fish.length);
        for (const { x, y, vx, vy, energy, size, hue } of fish) {
          expect([x, y, vx, vy, energy, size, hue].every(Number.isFinite)).toBe(true);
          expect(x >= 0 && x <= tank.width && y >= 0 && y <= tank.height).toBe(true);
        }
        // Throws when a number is none.
        digest(tank);
      }
    }),
    { numRuns: 200 },
  );
});

test("the same spec and commands give the same digests, whatever else runs beside", () => {
  fc.assert(
    fc.property(specs(), scripts(10), (spec, script) => {
      const one = createTank(spec);
      const other = createTank(spec);
      const disturbance = tankOf(3, 12);
      const [awayOne, awayOther]: [Uint8Array[], Uint8Array[]] = [[], []];
      for (const move of script) {
        play(one, awayOne, move);
        run(disturbance, 3);
        play(other, awayOther, move);
        expect(digest(one)).toBe(digest(other));
      }
    }),
    { numRuns: 100 },
  );
});

test("no id is given out twice", () => {
  const tank = tankOf(5, 40);
  const seen = new Map<string, number>();
  for (let i = 0; i < 4_000; i++) {
    step(tank);
    for (const fish of fishOf(tank)) {
      const born = tank.tick - fish.age;
      expect(seen.get(fish.fish_id) ?? born).toBe(born);
      seen.set(fish.fish_id, born);
    }
  }
  const { ledger } = statsOf(tank);
  expect(seen.size).toBe(ledger.founded + ledger.born + ledger.spawned);
});

for (const [seed, fish] of [
  [42, 10],
  [7, 100],
] as const) {
  test(`a tank of ${fish} founders lives on for 10,000 ticks and evolves`, () => {
    const tank = tankOf(seed, fish);
    const stages = new Set<string>();
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (let i = 0; i < 10_000; i++) {
      step(tank);
      if (tank.tick % 50 !== 0) continue;
      for (const { stage } of fishOf(tank)) stages.add(stage);
      const { alive, food } = statsOf(tank);
      expect(food).toBeLessThanOrEqual(200);
      most = Math.max(most, alive);
      if (tank.tick > 2_000) least = Math.min(least, alive);
    }
    const { ledger, maxGeneration } = statsOf(tank);
    expect(most).toBeLessThanOrEqual(tank.cap);
    // The reference world: swings between 20 and 80, 600 to 700 births, 9 or 10 generations.
    expect(least).toBeGreaterThan(20);
    expect(ledger.born).toBeGreaterThan(300);
    expect(maxGeneration).toBeGreaterThanOrEqual(6);
    expect(ledger.died.starvation).toBeGreaterThan(ledger.died.old_age);
    expect(ledger.died.old_age).toBeGreaterThan(0);
    expect([...stages].sort()).toEqual(["adult", "baby", "elder", "juvenile"]);
  });
}

test("an empty tank gets a fish by itself", () => {
  const tank = tankOf(1, 0);
  expect(statsOf(tank)).toMatchObject({ alive: 0, diversity: 0, maxGeneration: 0 });
  step(tank);
  expect(statsOf(tank).alive).toBe(1);
  expect(statsOf(tank).ledger.spawned).toBe(1);
});

test("above 100 founders area, cap and food grow in proportion", () => {
  const small = tankOf(1, 100);
  const large = tankOf(1, 400);
  expect([large.width, large.height, large.cap]).toEqual([2 * small.width, 2 * small.height, 400]);
  expect(foodOf(large).length).toBe(4 * foodOf(small).length);
});

test("a tick rate, a pause, a fast-forward and a resume leave no trace in the world", () => {
  const tank = tankOf(9, 20);
  const before = digest(tank);
  const twin = run(tankOf(9, 20), 1);
  const outcomes = step(tank, [
    { kind: "pause" },
    { kind: "set_tick_rate", ticksPerSecond: 0 },
    { kind: "fast_forward", ticks: 5 },
    { kind: "resume" },
  ]);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["done", "done", "done", "done"]);
  expect(digest(tank)).toBe(digest(twin));
  expect(digest(tank)).not.toBe(before);
});

test.each([
  [{ seed: -1, fish: 1, tankKey: KEY }],
  [{ seed: 1.5, fish: 1, tankKey: KEY }],
  [{ seed: 2 ** 53, fish: 1, tankKey: KEY }],
  [{ seed: 1, fish: -1, tankKey: KEY }],
  [{ seed: 1, fish: 1e9, tankKey: KEY }],
  [{ seed: 1, fish: 1, tankKey: "a1" }],
  [{ seed: 1, fish: 1, tankKey: KEY.replace("a", "A") }],
])("refuses the impossible spec %j", (spec) => {
  expect(() => createTank(spec)).toThrow(RangeError);
});
