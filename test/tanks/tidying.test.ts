import { describe, expect, test } from "bun:test";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { Tidying } from "../../src/tanks/thread/tidying.ts";

function bench() {
  const world = new SimulatedWorld({ seed: 1 });
  const { timers } = world.addHost({ name: "node" }).boot();
  const collectedMs: number[] = [];
  const tidying = new Tidying(timers, () => collectedMs.push(world.nowMs));
  const run = (durationMs: number) => world.run(world.nowMs + durationMs);
  const change = (times: number, tanks = 10) => {
    for (let i = 0; i < times; i++) tidying.changed(tanks);
  };
  return { tidying, collectedMs, run, change };
}

describe("what tanks leave behind", () => {
  test("is collected once, when no more come or go", async () => {
    const { collectedMs, run, change } = bench();
    change(300);
    await run(4000);
    change(1);
    await run(4000);
    expect(collectedMs).toEqual([]);
    await run(60_000);
    expect(collectedMs).toHaveLength(1);
  });

  test("of a few tanks is left to the collector, until there were many", async () => {
    const { collectedMs, run, change } = bench();
    for (let i = 0; i < 7; i++) {
      change(1);
      await run(10_000);
    }
    expect(collectedMs).toEqual([]);
    change(1);
    await run(10_000);
    expect(collectedMs).toHaveLength(1);
    change(1);
    await run(10_000);
    expect(collectedMs).toHaveLength(1);
  });

  test("of moves to and from a crowd is left to the collector", async () => {
    const { collectedMs, run, change } = bench();
    change(100, 500);
    await run(10_000);
    expect(collectedMs).toEqual([]);
    change(25, 500);
    await run(10_000);
    expect(collectedMs).toHaveLength(1);
  });

  test("is left alone by a thread that ends", async () => {
    const { tidying, collectedMs, run, change } = bench();
    change(300);
    tidying.stop();
    await run(10_000);
    expect(collectedMs).toEqual([]);
  });
});
