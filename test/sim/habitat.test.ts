import { expect, test } from "bun:test";
import fc from "fast-check";
import { swimLiveFood } from "../../src/sim/habitat/live-food.ts";
import {
  crabsOf,
  createTank,
  digest,
  FOOD_KINDS,
  feedersOf,
  fishOf,
  foodOf,
  foodSizesOf,
  statsOf,
  step,
} from "../../src/sim/index.ts";
import { LIVE_KIND } from "../../src/sim/model.ts";
import { flowsOf } from "../../src/sim/state/energy-ledger.ts";
import { fillGrid, makeGrid } from "../../src/sim/state/grid.ts";
import type { Tank } from "../../src/sim/state/tank.ts";
import { play, run, scripts, specs, tankOf } from "./scripts.ts";

/** One adult of half its energy in a tank of nothing but a crab in the middle of the floor. */
function withCrab(fishX: number, fishY: number): Tank {
  const tank = tankOf(1, 1);
  const { counters, fish, crabs } = tank;
  counters.food = 0;
  counters.foodCredit = -1e9;
  counters.plants = 0;
  counters.plantsFounded = 0;
  counters.lastPlantEmergencyTick = 1e9;
  counters.lastEmergencyTick = 1e9;
  counters.feeders = 0;
  crabs.x[0] = 500;
  crabs.size[0] = 1;
  crabs.energy[0] = 100;
  fish.x[0] = fishX;
  fish.y[0] = fishY;
  fish.age[0] = 1_000;
  fish.energy[0] = 75;
  fish.bank[0] = 0;
  return tank;
}

test("a crab kills the fish that it touches, gains of it, and rests", () => {
  const tank = withCrab(520, 530);
  step(tank);
  expect(statsOf(tank).ledger.died).toEqual({ starvation: 0, predation: 1, old_age: 0 });
  expect(tank.crabs.cooldown[0]).toBe(15);
  const { predation, predation_loss } = flowsOf(tank);
  // It has room for 50 and 60 are its share.
  expect(predation).toBeCloseTo(50.01, 9);
  expect((predation ?? 0) + (predation_loss ?? 0)).toBeGreaterThan(70);
  expect(crabsOf(tank)[0]).toMatchObject({ sated: true, energy: 150 });
});

test("two crabs do not kill the same fish", () => {
  const tank = tankOf(1, 400);
  const { counters, crabs, fish } = tank;
  expect(counters.crabs).toBe(4);
  fish.y.fill(100, 0, counters.fish);
  fish.vy.fill(0, 0, counters.fish);
  crabs.x.fill(500);
  crabs.y.fill(1_000);
  fish.x[0] = 505;
  fish.y[0] = 1_000;
  step(tank);
  expect(statsOf(tank).ledger.died.predation).toBe(1);
  expect(crabsOf(tank).filter(({ sated }) => sated).length).toBe(1);
});

test("a crab does not reach further than their bodies do", () => {
  const tank = withCrab(580, 542);
  step(tank);
  expect(fishOf(tank).length).toBe(1);
  expect(tank.fish.crabbedAt[0]).toBe(0);
});

test("a resting crab kills nobody; starving is predation only soon after its touch", () => {
  const starveAfter = (ticks: number) => {
    const tank = withCrab(510, 530);
    tank.crabs.cooldown[0] = 15;
    step(tank);
    expect(fishOf(tank).length).toBe(1);
    expect(tank.fish.crabbedAt[0]).toBe((tank.fish.age[0] as number) + 1);
    tank.fish.y[0] = 100;
    tank.fish.age[0] = (tank.fish.age[0] as number) + ticks;
    tank.fish.energy[0] = 0.001;
    step(tank);
    return statsOf(tank).ledger.died;
  };
  expect(starveAfter(10)).toEqual({ starvation: 0, predation: 1, old_age: 0 });
  expect(starveAfter(148)).toEqual({ starvation: 0, predation: 1, old_age: 0 });
  expect(starveAfter(151)).toEqual({ starvation: 1, predation: 0, old_age: 0 });
});

test("crabs walk the whole floor and nowhere else", () => {
  const tank = tankOf(11, 0);
  const xs: number[] = [];
  for (let i = 0; i < 6_000; i++) {
    step(tank);
    const [crab] = crabsOf(tank);
    expect(crab?.y).toBe(542);
    xs.push(crab?.x ?? Number.NaN);
  }
  expect(Math.min(...xs)).toBeLessThan(150);
  expect(Math.max(...xs)).toBeGreaterThan(tank.width - 150);
  expect(xs.every((x) => x >= 25 && x <= tank.width - 25)).toBe(true);
});

test("every crab kill is a death in the ledger, and all energies balance in every world", () => {
  fc.assert(
    fc.property(specs(), scripts(12), (spec, script) => {
      const tank = createTank(spec);
      const away: Uint8Array[] = [];
      let kills = 0;
      for (const move of script) {
        if (move.do !== "run") play(tank, away, move);
        else {
          for (let i = 0; i < move.ticks; i++) {
            const before = statsOf(tank).ledger.died.predation;
            tank.scratch.slain.fill(0);
            // Throws when an account does not hold what was booked.
            step(tank);
            const slain = tank.scratch.slain.filter((mark) => mark !== 0).length;
            expect(statsOf(tank).ledger.died.predation - before).toBeGreaterThanOrEqual(slain);
            kills += slain;
          }
        }
        digest(tank);
        for (const { energy, x } of crabsOf(tank)) {
          expect(energy >= 0 && energy <= 150 * 1.2 + 1e-9).toBe(true);
          expect(x >= 0 && x <= tank.width).toBe(true);
        }
        for (const { filled } of feedersOf(tank)) expect(filled >= 0 && filled <= 1).toBe(true);
      }
      expect(statsOf(tank).ledger.died.predation).toBeGreaterThanOrEqual(kills);
    }),
    { numRuns: 100 },
  );
});

/** A tank with one feeder of a kind, and a hungry fish beside it that goes nowhere. */
function atFeeder(kind: number): Tank {
  const tank = withCrab(0, 0);
  tank.counters.crabs = 0;
  tank.counters.feeders = 2;
  tank.fish.x[0] = tank.feeders.x[kind] as number;
  tank.fish.y[0] = tank.feeders.y[kind] as number;
  return tank;
}

test("the reef feeds who comes by, 12 at a time, with a pause, out of its store", () => {
  const tank = atFeeder(0);
  const gains: number[] = [];
  for (let i = 0; i < 70; i++) {
    tank.fish.energy[0] = 20;
    tank.fish.vx[0] = 0;
    tank.fish.vy[0] = 0;
    step(tank);
    gains.push(flowsOf(tank)["dispensed"] ?? 0);
  }
  expect(gains.at(-1)).toBe(36);
  expect(gains[10]).toBe(12);
  expect(gains[40]).toBe(24);
  expect(feedersOf(tank)[1]?.filled).toBe(1);
});

test("the grotto feeds only who stays for a while", () => {
  const tank = atFeeder(1);
  let first = 0;
  for (let i = 1; i <= 70; i++) {
    tank.fish.energy[0] = 20;
    tank.fish.vx[0] = 0;
    tank.fish.vy[0] = 0;
    step(tank);
    if (first === 0 && (flowsOf(tank)["dispensed"] ?? 0) > 0) first = i;
  }
  // Offered when it has stayed 60 ticks, bitten in the next.
  expect(first).toBe(62);
});

test("a feeder that nobody visits offers nothing, and a drained one fills up again", () => {
  const tank = atFeeder(0);
  tank.fish.x[0] = 1_000;
  tank.fish.y[0] = 100;
  tank.feeders.stock[0] = 100;
  run(tank, 20);
  expect(feedersOf(tank).some(({ offering }) => offering)).toBe(false);
  expect(tank.feeders.stock[0]).toBeCloseTo(105, 9);
});

test("dropped food falls closed and nobody can bite it until it opens at its depth", () => {
  const tank = tankOf(3, 40);
  for (let i = 0; i < 1_500; i++) {
    const { food, counters } = tank;
    for (let row = 0; row < counters.food; row++) {
      const closed = food.closed[row] as number;
      if (closed === 0) continue;
      expect(food.energy[row]).toBe(0);
      expect(food.y[row] as number).toBeLessThan(food.opensAt[row] as number);
      expect([65, 100, 120, 150]).toContain(closed);
    }
    step(tank);
  }
});

test("food shrinks as it is bitten, in the order in which it is shown", () => {
  const tank = run(tankOf(5, 60), 900);
  const sizes = foodSizesOf(tank);
  expect(sizes.length).toBe(foodOf(tank).length);
  expect(sizes.every((size) => size >= 0.2 && size <= 1)).toBe(true);
  tank.food.energy[0] = 0.5 * (FOOD_KINDS[tank.food.kind[0] as number]?.energy ?? 0);
  tank.food.closed[0] = 0;
  expect(foodSizesOf(tank)[0]).toBeCloseTo(0.6, 9);
});

/** Where one live item at rest swims to in a tick, seen from its place, with fish around it. */
function flight(fish: readonly (readonly [number, number])[]): readonly [number, number] {
  const grid = makeGrid(1_088, 612, 10);
  const xs = Float64Array.from(fish, ([dx]) => 500 + dx);
  const ys = Float64Array.from(fish, ([, dy]) => 300 + dy);
  fillGrid(grid, fish.length, xs, ys);
  const [vx, vy] = [new Float64Array(1), new Float64Array(1)];
  swimLiveFood(
    1,
    grid,
    new Uint32Array(64),
    Float64Array.of(500),
    Float64Array.of(300),
    vx,
    vy,
    Uint32Array.of(LIVE_KIND),
    Uint32Array.of(1),
    Uint32Array.of(10),
    new Int32Array(2),
  );
  return [vx[0] as number, vy[0] as number];
}

test("live food flees the two nearest fish within 80 px, never faster than 1.4", () => {
  expect(flight([])).toEqual([0, 0]);
  expect(flight([[81, 0]])).toEqual([0, 0]);
  expect(flight([[60, 0]])).toEqual([-0.5, 0]);
  expect(
    flight([
      [70, 0],
      [0, 50],
      [0, -75],
    ]),
  ).toEqual([-0.5, -0.5]);
  expect(
    flight([
      [0, -75],
      [60, 0],
      [0, 20],
    ]),
  ).toEqual([-0.5, -0.5]);
  const [x, y] = flight([
    [10, 10],
    [12, 12],
  ]);
  expect(Math.sqrt(x * x + y * y)).toBeLessThanOrEqual(1.4);
});

test("live food stays where fish can reach it", () => {
  const tank = tankOf(5, 60);
  for (let i = 0; i < 3_000; i++) {
    step(tank);
    for (const [x, y, kind] of foodOf(tank)) {
      if (kind !== LIVE_KIND) continue;
      expect(x >= 25 && x <= tank.width - 25 && y >= 45 && y <= tank.height - 25).toBe(true);
    }
  }
});

test("fish live in all of the water", () => {
  const bands = [0, 0, 0];
  let atSurface = 0;
  let all = 0;
  const tank = tankOf(42, 50);
  for (let i = 0; i < 8_000; i++) {
    step(tank);
    if (tank.tick < 1_000 || tank.tick % 100 !== 0) continue;
    for (const { y } of fishOf(tank)) {
      const band = Math.min(2, Math.floor((3 * y) / tank.height));
      bands[band] = (bands[band] ?? 0) + 1;
      if (y <= 46) atSurface += 1;
      all += 1;
    }
  }
  for (const count of bands) expect(count / all).toBeGreaterThan(0.15);
  expect(atSurface / all).toBeLessThan(0.05);
});
