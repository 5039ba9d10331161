import { expect, test } from "bun:test";
import { type Round, Rounds } from "../../../src/adapters/etcd/rounds.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";

function setUp(round: (round: Round) => Promise<number>) {
  const world = new SimulatedWorld({ seed: 1 });
  const { timers } = world.addHost({ name: "a" }).boot();
  const problems: (string | undefined)[] = [];
  const starts: number[] = [];
  const rounds = new Rounds({
    timers,
    retryMinMs: 100,
    retryMaxMs: 400,
    onProblem: (problem) => problems.push(problem),
    round: (given) => {
      starts.push(world.nowMs);
      return round(given);
    },
  });
  rounds.start();
  return { world, rounds, problems, starts };
}

test("each round says when the next is, and a wake brings it forward", async () => {
  const { world, rounds, starts, problems } = setUp(async () => 1_000);
  await world.run(2_500);
  rounds.wake();
  await world.run(4_000);
  expect(starts).toEqual([0, 1_000, 2_000, 2_500, 3_500]);
  rounds.stop();
  await world.run(9_000);
  expect(starts).toHaveLength(5);
  expect(problems).toEqual([]);
});

test("each failure is reported, later than the one before, and so is the recovery", async () => {
  let failing = true;
  const { world, starts, problems } = setUp(async () => {
    if (failing) throw new Error("no answer");
    return 10_000;
  });
  await world.run(1_200);
  expect(starts).toEqual([0, 100, 300, 700, 1_100]);
  failing = false;
  await world.run(2_000);
  expect(problems).toEqual([...Array(5).fill("no answer"), undefined]);
});

test("a round that goes on says itself that it works, and is told to end", async () => {
  let seen: Round | undefined;
  let failing = true;
  const { world, rounds, problems, starts } = setUp(async (round) => {
    if (failing) throw new Error("no answer");
    seen = round;
    round.works();
    await new Promise((resolve) => round.woken.addEventListener("abort", resolve));
    return 0;
  });
  await world.run(50);
  failing = false;
  await world.run(100);
  expect(problems).toEqual(["no answer", undefined]);
  rounds.wake();
  await world.run(101);
  expect(starts).toHaveLength(3);
  rounds.stop();
  await world.run(102);
  expect([seen?.stopped.aborted, seen?.woken.aborted]).toEqual([true, true]);
  expect(starts).toHaveLength(3);
});

test("what fails because it was stopped is no problem", async () => {
  const { world, rounds, problems } = setUp(
    ({ stopped }) =>
      new Promise((_, reject) =>
        stopped.addEventListener("abort", () => reject(new Error("given up"))),
      ),
  );
  await world.run(1);
  rounds.stop();
  await world.run(1_000);
  expect(problems).toEqual([]);
});
