import { expect, test } from "bun:test";
import fc from "fast-check";
import { createTank, loadTank, SimulationFault, saveTank, step } from "../../src/sim/index.ts";
import {
  book,
  CAUSE,
  CAUSES,
  checkEnergy,
  FLOW_CELLS,
  flowsOf,
  openBooks,
} from "../../src/sim/state/energy-ledger.ts";
import { play, run, scripts, specs, tankOf } from "./scripts.ts";

test("every world balances its energy in each tick, whatever comes in and goes out", () => {
  fc.assert(
    fc.property(specs(), scripts(), (spec, script) => {
      const tank = createTank(spec);
      const away: Uint8Array[] = [];
      // Each step checks the balance and throws when it is off.
      for (const move of script) play(tank, away, move);
      run(tank, 50);
      for (const amount of tank.arena.flows) expect(amount).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 150 },
  );
});

test("what was booked since the beginning is what the fish hold", () => {
  const tank = run(tankOf(3, 40), 3_000);
  let held = 0;
  for (const { name, from, to } of CAUSES) {
    const amount = flowsOf(tank)[name] ?? 0;
    if (to === "fish") held += amount;
    if (from === "fish") held -= amount;
  }
  let energy = 0;
  for (let row = 0; row < tank.counters.fish; row++) {
    energy += (tank.fish.energy[row] as number) + (tank.fish.bank[row] as number);
  }
  expect(held).toBeCloseTo(energy, 4);
});

test.each(["fish", "food", "plants", "feeders", "crabs"] as const)(
  "energy that appears in %s without a cause stops the tank",
  (account) => {
    const tank = run(tankOf(3, 40), 500);
    openBooks(tank);
    checkEnergy(tank);
    const columns = {
      fish: tank.fish.bank,
      food: tank.food.energy,
      plants: tank.plants.energy,
      feeders: tank.feeders.stock,
      crabs: tank.crabs.energy,
    };
    openBooks(tank);
    columns[account][0] = (columns[account][0] as number) + 1e-5;
    expect(() => checkEnergy(tank)).toThrow(SimulationFault);
  },
);

test("a cause that is booked without energy that moved stops the tank", () => {
  const tank = run(tankOf(3, 40), 500);
  openBooks(tank);
  book(tank.scratch.flows, CAUSE.bites, 1e-5);
  expect(() => checkEnergy(tank)).toThrow(SimulationFault);
});

test("the flows travel in a snapshot", () => {
  const tank = run(tankOf(3, 40), 500);
  const copy = loadTank(saveTank(tank));
  expect(flowsOf(copy)).toEqual(flowsOf(tank));
  step(tank);
  step(copy);
  expect(flowsOf(copy)).toEqual(flowsOf(tank));
});

test("names of causes are unique and there is room for them", () => {
  expect(new Set(CAUSES.map((cause) => cause.name)).size).toBe(CAUSES.length);
  expect(CAUSES.length).toBeLessThanOrEqual(FLOW_CELLS);
});
