import { expect, test } from "bun:test";
import { type ArchipelagoSpec, digest, runSealed, type Turn } from "../../src/sim/index.ts";
import { run, tankOf } from "./scripts.ts";

const ALONE: ArchipelagoSpec = {
  seed: 7,
  ticks: 2_000,
  fish: 30,
  tanks: 1,
  topology: "ring",
  migrateEvery: 0,
  migrants: 0,
};

test("a sealed run of one tank is the tank of its seed", () => {
  const { digest: sealed } = runSealed({ ...ALONE, seed: 42, ticks: 1_000 });
  expect(sealed).toBe(digest(run(tankOf(42, 30, "000000000000002a"), 1_000)));
});

test("the result adds up", () => {
  const result = runSealed(ALONE);
  const deaths = result.deaths.starvation + result.deaths.predation + result.deaths.old_age;
  expect(result.alive).toBe(30 + result.births + result.spawned - deaths);
  expect(result).toMatchObject({ seed: 7, ticks: 2_000, tanks: 1, migrations: 0 });
  expect(result.fish_steps).toBeGreaterThan(20 * 2_000);
  expect(result.diversity).toBeGreaterThan(0);
  expect(result.diversity).toBeLessThan(1);
});

test("progress is told in ticks and fish", () => {
  const turns: Turn[] = [];
  const result = runSealed(
    { ...ALONE, ticks: 450 },
    { watch: (turn) => turns.push(turn) < 0, chronicle: () => {} },
  );
  expect(turns.map((turn) => turn.tick)).toEqual([0, 0, 100, 200, 300, 400, 450]);
  expect(turns.at(-1)?.fishSteps).toBe(result.fish_steps);
  expect(turns.at(-1)?.alive).toBe(result.alive);
});

test("a run of no ticks is the founding", () => {
  const result = runSealed({ ...ALONE, ticks: 0, fish: 5 });
  expect(result).toMatchObject({ ticks: 0, alive: 5, fish_steps: 0 });
});
