import { describe, expect, test } from "bun:test";
import { ConsulError } from "../../../src/adapters/consul/refusal.ts";
import { Watch } from "../../../src/adapters/consul/watch.ts";
import { sleep } from "../../../src/platform/timers.ts";
import { ConsulWorld } from "./set-up.ts";

type Step = bigint | undefined | "fails";

/** A server that answers by a script, and then with the last step for ever, each after `ms`. */
function setUp(script: readonly Step[], ms = 0) {
  const consul = new ConsulWorld();
  const { process } = consul.machine("a");
  const asked: (bigint | undefined)[] = [];
  const told: string[] = [];
  const watch = new Watch<string>(process, {
    ask: async (index) => {
      const step = script[Math.min(asked.length, script.length - 1)];
      asked.push(index);
      if (ms > 0) await sleep(process.timers, ms);
      if (step === "fails") throw new ConsulError("no");
      return { index: step, value: String(step) };
    },
    onAnswer: (value) => void told.push(value),
    onFailure: (reason) => void told.push(reason),
  });
  return { consul, watch, asked, told };
}

describe("a blocking query", () => {
  test("goes on from the index of the answer", async () => {
    const { consul, watch, asked, told } = setUp([7n, 9n, 9n], 1_000);
    void watch.start();
    await consul.pass(3_500);
    expect({ asked, told }).toEqual({ asked: [undefined, 7n, 9n, 9n], told: ["7", "9", "9"] });
    watch.stop();
    await consul.pass(10_000);
    expect([asked.length, told.length]).toEqual([4, 3]);
  });

  test.each<[string, readonly Step[], readonly (bigint | undefined)[]]>([
    ["begins anew where it goes back", [9n, 4n, 5n], [undefined, 9n, undefined, 5n]],
    ["never waits for more than zero", [0n, 0n], [undefined, 1n, undefined]],
    ["does not wait where there is none", [undefined], [undefined, undefined, undefined]],
    ["begins anew after a failure", [9n, "fails", 9n], [undefined, 9n, undefined, 9n]],
  ])("%s", async (_, script, expected) => {
    const { consul, watch, asked } = setUp(script, 1_000);
    void watch.start();
    await consul.pass(20_000);
    expect(asked.slice(0, expected.length)).toEqual([...expected]);
    watch.stop();
  });

  test("of a server that never waits becomes a poll", async () => {
    const { consul, watch, asked } = setUp([1n]);
    await watch.start();
    await consul.pass(100);
    expect(asked.length).toBe(6);
    await consul.pass(60_000);
    expect(asked.length).toBe(36);
    watch.stop();
  });

  test("that fails is asked less and less often, and at once on a refresh", async () => {
    const { consul, watch, asked } = setUp(["fails"]);
    await watch.start();
    await consul.pass(600_000);
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.length).toBeLessThan(60);
    const before = asked.length;
    watch.refresh();
    await consul.pass(1);
    expect(asked.length).toBe(before + 1);
    watch.stop();
  });

  test("is refreshed without its index, and what was asked before is not heard", async () => {
    const { consul, watch, asked, told } = setUp([5n, 6n, 7n], 10_000);
    void watch.start();
    await consul.pass(15_000);
    watch.refresh();
    await consul.pass(20_000);
    expect({ asked: asked.slice(0, 3), told }).toEqual({
      asked: [undefined, 5n, undefined],
      told: ["5", "7"],
    });
    watch.stop();
  });
});
