import { expect, test } from "bun:test";
import { digest, type Progress, type RunResult, sealedRun } from "../../src/sim/index.ts";
import { run, tankOf } from "./scripts.ts";

function finish(generator: Generator<Progress, RunResult>): [Progress[], RunResult] {
  const reports: Progress[] = [];
  for (;;) {
    const turn = generator.next();
    if (turn.done) return [reports, turn.value];
    reports.push(turn.value);
  }
}

test("a sealed run is the tank of its seed, whether it is watched closely or not", () => {
  const options = { seed: 42, ticks: 1_000, fish: 30 };
  const [, plain] = finish(sealedRun(options));
  const [reports, watched] = finish(sealedRun({ ...options, progressSteps: 1 }));
  expect(watched).toEqual(plain);
  expect(reports.length).toBe(999);
  const tank = run(tankOf(42, 30, "000000000000002a"), 1_000);
  expect(plain.digest).toBe(digest(tank));
});

test("the result adds up and has the fields of the contract", () => {
  const [, result] = finish(sealedRun({ seed: 7, ticks: 2_000, fish: 30 }));
  const deaths = result.deaths.starvation + result.deaths.predation + result.deaths.old_age;
  expect(result.alive).toBe(30 + result.births + result.spawned - deaths);
  expect(result).toMatchObject({ seed: 7, ticks: 2_000, tanks: 1, poker_games: 0, migrations: 0 });
  expect(result.fish_steps).toBeGreaterThan(20 * 2_000);
  expect(result.diversity).toBeGreaterThan(0);
  expect(result.diversity).toBeLessThan(1);
});

test("a run that is stopped has the results so far", () => {
  const generator = sealedRun({ seed: 7, ticks: 2_000, fish: 30, progressSteps: 10_000 });
  const first = generator.next();
  if (first.done) throw new Error("ended too early");
  const result = first.value.resultSoFar();
  expect(result.ticks).toBe(first.value.tick);
  expect(result.fish_steps).toBe(first.value.fishSteps);
  const [, whole] = finish(sealedRun({ seed: 7, ticks: result.ticks, fish: 30 }));
  expect(result).toEqual(whole);
});

test("a run of no ticks is the founding", () => {
  const [reports, result] = finish(sealedRun({ seed: 1, ticks: 0, fish: 5 }));
  expect(reports).toEqual([]);
  expect(result).toMatchObject({ ticks: 0, alive: 5, fish_steps: 0 });
});
