import { expect, test } from "bun:test";
import { type Fork, SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { branchesFrom, pointOfNoReturn, type Run } from "./branches.ts";

const EVENTS = 100;

/** Events that draw, and of which the one number `fatal` has to draw less than a half to fail. */
async function runOf(seed: number, fatal: number, fork?: Fork): Promise<Run> {
  const world = new SimulatedWorld({ seed, fork });
  const draws = world.stream("draws");
  const findings: string[] = [];
  for (let event = 1; event <= EVENTS; event++) {
    world.schedule(event, `event ${event}`, () => {
      if (draws.chance(50) && event === fatal) findings.push("it fails");
    });
  }
  await world.run(EVENTS);
  const { steps, eventsBeforeFork } = world;
  return { findings, steps, eventsBeforeFork };
}

async function failingSeed(fatal: number): Promise<number> {
  for (let seed = 1; ; seed++) if ((await runOf(seed, fatal)).findings.length > 0) return seed;
}

test.each([2, 37, 99])("a run that is lost at event %i is lost after it", async (fatal) => {
  const seed = await failingSeed(fatal);
  const trunk = { seeds: 8, run: (fork?: Fork) => runOf(seed, fatal, fork) };
  const { step, events } = await pointOfNoReturn(trunk, await trunk.run());
  // The fork itself comes before the draws of its event.
  expect(step).toBe(fatal + 1);
  expect(events.at(-1)).toContain(`event ${fatal}`);
  const before = await branchesFrom(trunk, fatal);
  const failed = before.filter(({ findings }) => findings.length > 0).length;
  expect(failed).toBeGreaterThan(0);
  expect(failed).toBeLessThan(8);
  expect(before).toEqual(await branchesFrom(trunk, fatal));
});
