import { expect, test } from "bun:test";
import fc from "fast-check";
import { digest, loadTank, saveTank, statsOf, step, type Tank } from "../../../src/sim/index.ts";
import { measureSizes } from "../../../src/sim/life/metabolism.ts";
import { playPoker } from "../../../src/sim/poker/rounds.ts";
import { houseCut } from "../../../src/sim/poker/settlement.ts";
import { CAUSE } from "../../../src/sim/state/energy-ledger.ts";
import { run, tankOf } from "../scripts.ts";

function held(values: Float64Array, count: number): number {
  return values.subarray(0, count).reduce((sum, value) => sum + value, 0);
}

/** Energy of all fish with their banks, and of all plants. */
function energiesOf({ fish, plants, counters }: Tank): { fish: number; plants: number } {
  const banks = held(fish.bank, counters.fish);
  return {
    fish: held(fish.energy, counters.fish) + banks,
    plants: held(plants.energy, counters.plants),
  };
}

/** A tank in which nothing but poker has happened in this tick. */
function readyTank(seed: number, fish: number, ticks: number): Tank {
  const tank = run(tankOf(seed, fish), ticks);
  tank.scratch.flows.fill(0);
  measureSizes(tank.counters.fish, tank.fish.age, tank.fish.girth, tank.scratch.size);
  return tank;
}

test("energy only moves between players and to the house, and the ledger says how much", () => {
  let games = 0;
  fc.assert(
    fc.property(fc.nat(), fc.nat(120), fc.integer({ min: 5, max: 150 }), (seed, fish, ticks) => {
      const tank = readyTank(seed, fish, ticks);
      tank.fish.pokerRestUntil.fill(0);
      tank.plants.cooldown.fill(0);
      const before = energiesOf(tank);
      const played = tank.counters.gamesFish + tank.counters.gamesPlants;
      playPoker(tank);
      games += tank.counters.gamesFish + tank.counters.gamesPlants - played;
      const after = energiesOf(tank);
      const flow = (cause: number) => tank.scratch.flows[cause] ?? 0;
      const across = flow(CAUSE.poker_from_plants) - flow(CAUSE.poker_to_plants);
      expect(after.fish - before.fish).toBeCloseTo(across - flow(CAUSE.house_cut), 6);
      expect(after.plants - before.plants).toBeCloseTo(
        -across - flow(CAUSE.plant_house_cut) - flow(CAUSE.plant_surplus),
        6,
      );
      for (let row = 0; row < tank.counters.fish; row++) {
        expect(tank.fish.energy[row]).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: 300 },
  );
  expect(games).toBeGreaterThan(500);
});

/** Two fish that could play, with nobody else and no plant in the tank. */
function pair(): Tank {
  const tank = tankOf(3, 2);
  tank.counters.plants = 0;
  for (const row of [0, 1]) {
    tank.fish.x[row] = 500 + 100 * row;
    tank.fish.y[row] = 300;
    tank.fish.age[row] = 700;
    tank.fish.energy[row] = 60;
  }
  return tank;
}

function gamesAfter(change: (tank: Tank) => void): number {
  const tank = pair();
  change(tank);
  playPoker(tank);
  return tank.counters.gamesFish;
}

test("two fish in reach play", () => {
  expect(gamesAfter(() => {})).toBe(1);
});

test.each<[string, (tank: Tank) => void]>([
  ["babies", ({ fish }) => fish.age.fill(599)],
  ["the poor", ({ fish }) => fish.energy.fill(9.9)],
  ["those who have just played", ({ fish }) => fish.pokerRestUntil.fill(701)],
  ["fish that are far apart", ({ fish }) => fish.x.set([500, 661])],
  ["fish that lie upon each other", ({ fish }) => fish.x.set([500, 509])],
])("%s do not play", (_, change) => {
  expect(gamesAfter(change)).toBe(0);
});

test("who has played rests for thirty ticks, and each tick one table is for fish only", () => {
  const tank = tankOf(42, 40);
  const lastPlayed = new Map<string, number>();
  let [gamesBefore, rested] = [0, 0];
  for (let tick = 0; tick < 600; tick++) {
    for (let row = 0; row < tank.counters.fish; row++) tank.fish.age[row] = 700 + tick;
    const before = Array.from(tank.fish.pokerGames.subarray(0, tank.counters.fish));
    const ids = Array.from(tank.fish.counter.subarray(0, tank.counters.fish));
    playPoker(tank);
    for (const [row, id] of ids.entries()) {
      if (tank.fish.pokerGames[row] === before[row]) continue;
      expect(tank.fish.pokerGames[row]).toBe((before[row] ?? 0) + 1);
      const last = lastPlayed.get(`${id}`);
      if (last !== undefined) {
        expect(tick - last).toBeGreaterThanOrEqual(30);
        rested += 1;
      }
      lastPlayed.set(`${id}`, tick);
      tank.fish.energy[row] = 60;
    }
    const { gamesFish } = tank.counters;
    expect(gamesFish - gamesBefore).toBeLessThanOrEqual(1);
    gamesBefore = gamesFish;
  }
  expect(rested).toBeGreaterThan(20);
});

test("the house takes more from the large, a quarter at most, and nothing of a split pot", () => {
  expect(houseCut(10_000, 0.35, false)).toBe(800);
  expect(Math.abs(houseCut(10_000, 0.85, false) - 1_700)).toBeLessThanOrEqual(1);
  expect(houseCut(10_000, 2, false)).toBe(2_500);
  expect(houseCut(10_000, 2, true)).toBe(0);
  expect(houseCut(-10_000, 2, false)).toBe(0);
});

test("gains beyond a fish's capacity go to its bank", () => {
  const tank = pair();
  const capacity = [0, 1].map((row) => 150 * (tank.fish.girth[row] ?? 0));
  let banked = 0;
  for (let game = 0; game < 50 && banked === 0; game++) {
    for (const row of [0, 1]) {
      tank.fish.energy[row] = capacity[row] ?? 0;
      tank.fish.pokerRestUntil[row] = 0;
    }
    playPoker(tank);
    banked = Math.max(tank.fish.bank[0] ?? 0, tank.fish.bank[1] ?? 0);
    for (const row of [0, 1]) expect(tank.fish.energy[row]).toBeLessThanOrEqual(capacity[row] ?? 0);
  }
  expect(banked).toBeGreaterThan(0);
});

test("what the work space still holds from another tick changes nothing", () => {
  const tank = run(tankOf(8, 40), 950);
  const twin = loadTank(saveTank(tank));
  const births = tank.counters.bornPoker;
  for (let i = 0; i < 200; i++) {
    // Only winners are fed well enough to breed, and there is always room.
    if (tank.counters.fish > 90) break;
    for (let row = 0; row < tank.counters.fish; row++) {
      const full = 100 * (tank.fish.girth[row] as number);
      tank.fish.energy[row] = full;
      twin.fish.energy[row] = full;
    }
    tank.scratch.mated.fill(1);
    tank.scratch.parlour.guests.taken.fill(1);
    tank.scratch.parlour.game.table.deck.reverse();
    tank.scratch.parlour.game.decisions.count.fill(3);
    step(tank);
    step(twin);
    expect(digest(tank)).toBe(digest(twin));
  }
  expect(tank.counters.bornPoker - births).toBeGreaterThan(0);
});

test("over a life in a tank games are played, learned from and counted", () => {
  const tank = tankOf(7, 50);
  for (let i = 0; i < 3_000; i++) step(tank);
  const { games } = statsOf(tank);
  expect(games.fish).toBeGreaterThan(300);
  expect(games.plants).toBeGreaterThan(50);
  expect(tank.bodies.visits.some((visits) => visits > 10)).toBe(true);
  expect(tank.counters.bornPoker).toBeGreaterThan(0);
});
