import { describe, expect, test } from "bun:test";
import { setTimeout as wait } from "node:timers/promises";
import { Prng } from "../../src/platform/simulated/prng.ts";
import { faultsSeed } from "./kill/lanes.ts";
import type { Node } from "./node.ts";
import { Trial } from "./trial.ts";

const TIMEOUT_MS = 120_000;
/** Every instant of a start, and a little more. */
const FIRST_MS = 200;
const STEP_MS = 2;
const AT_ONCE = 4;

/**
 * It has stopped in order; or the signal came before the program could hear it, and so before it
 * had done anything.
 */
async function expectStopped(node: Node): Promise<void> {
  const ended = await node.ended;
  const unheard = ended.signal !== null && node.lines.length === 0;
  if (!unheard) expect(ended).toEqual({ exitCode: 0, signal: null });
  expect(node.complaints).toEqual([]);
}

/** A directory with tanks whose logs were written under commands. */
async function settle(trial: Trial, random: Prng, answers: number): Promise<void> {
  const node = trial.start();
  const stream = trial.stream(await trial.serve(node), random);
  await stream.answered(answers);
  await node.crash();
  await stream.stop();
  trial.compare();
}

test.each(["SIGTERM", "SIGINT"] as const)(
  `%s at every ${STEP_MS} ms of a start stops it in order`,
  async (signal) => {
    const instants = Array.from({ length: FIRST_MS / STEP_MS / 2 }, (_, index) => {
      // Each of the two signals takes every other instant.
      return 2 * STEP_MS * index + (signal === "SIGINT" ? STEP_MS : 0);
    });
    const lane = async (number: number) => {
      await using trial = new Trial();
      await settle(trial, new Prng(number, "start"), 30);
      for (let ms = instants.shift(); ms !== undefined; ms = instants.shift()) {
        const node = trial.start();
        await wait(ms);
        node.signal(signal);
        await expectStopped(node);
        trial.compare();
      }
      await trial.endWell();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, number) => lane(number)));
  },
  TIMEOUT_MS,
);

test(
  "SIGTERM at any instant of a first start leaves no half node: the next start is whole",
  async () => {
    const random = new Prng(faultsSeed(), "first start");
    for (let round = 0; round < 10; round++) {
      await using trial = new Trial({ options: ["--tanks", "3", "--fish", "5"] });
      const first = trial.start();
      await wait(random.unit() * FIRST_MS);
      first.signal("SIGTERM");
      await expectStopped(first);
      const second = trial.start();
      const url = await second.healthy;
      const { count } = (await (await fetch(`${url}/api/tanks`)).json()) as { count: number };
      expect(count).toBe(3);
      expect(await second.stop()).toEqual({ exitCode: 0, signal: null });
    }
  },
  TIMEOUT_MS,
);

describe("during a recovery with long tails", () => {
  test(
    "a signal ends it in order, and nothing is lost",
    async () => {
      const random = new Prng(faultsSeed(), "recovery");
      await using trial = new Trial({ options: ["--tick-rate", "0"] });
      // What ran at full speed since the last snapshot is replayed, and takes as long again.
      await settle(trial, random, 60);
      for (let round = 0; round < 8; round++) {
        const node = trial.start();
        await node.hear("node starting");
        await wait(random.unit() * 60);
        node.signal(round % 2 === 0 ? "SIGTERM" : "SIGINT");
        await expectStopped(node);
        trial.compare();
      }
      await trial.endWell();
    },
    TIMEOUT_MS,
  );
});

test(
  "a second signal ends it at once, and nothing that was acknowledged is lost",
  async () => {
    const random = new Prng(faultsSeed(), "twice");
    await using trial = new Trial();
    for (let round = 0; round < 6; round++) {
      const node = trial.start();
      const stream = trial.stream(await trial.serve(node), random);
      await stream.answered(15);
      node.signal("SIGTERM");
      await wait(random.unit() * 20);
      node.signal(round % 2 === 0 ? "SIGTERM" : "SIGINT");
      const { exitCode } = await node.ended;
      // The stop may have been faster than the second signal.
      expect([0, 1]).toContain(exitCode ?? -1);
      expect(node.complaints).toEqual([]);
      await stream.stop();
      trial.compare();
    }
    await trial.endWell();
  },
  TIMEOUT_MS,
);
