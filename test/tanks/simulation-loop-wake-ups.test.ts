import { describe, expect, test } from "bun:test";
import type { Clock } from "../../src/platform/clock.ts";
import type { LoadTank } from "../../src/tanks/thread/simulation.ts";
import { NO_SNAPSHOTS, plainControls } from "./harness.ts";
import { costly, LoopBench } from "./loop-bench.ts";

describe("a thread that few notice", () => {
  /** Timers that fire in a loop with such tanks, in ten seconds after the first. */
  async function wakeUps(
    more: Partial<LoadTank>,
    tanks = ["a"],
    seenAs?: (clock: Clock) => Clock,
  ): Promise<{ woken: number; bench: LoopBench }> {
    let woken = 0;
    const bench = new LoopBench(NO_SNAPSHOTS, seenAs, (timers) => ({
      after: (delayMs, task) =>
        timers.after(delayMs, () => {
          woken++;
          task();
        }),
    }));
    for (const tank of tanks) bench.load(tank, 30, more);
    await bench.run(1000);
    woken = 0;
    await bench.run(10_000);
    return { woken, bench };
  }

  test("wakes when a tank reports, and for each tick only while it is watched", async () => {
    const unseen = await wakeUps({});
    expect(unseen.woken).toBe(40);
    expect(unseen.bench.tickOf("a")).toBe(330);
    const seen = await wakeUps({ watched: true });
    expect(seen.woken).toBeGreaterThanOrEqual(300);
    expect(seen.bench.tickOf("a")).toBe(330);
  });

  test("is where the schedule says when it is asked, and goes on by it", async () => {
    const unseen = new LoopBench();
    const seen = new LoopBench();
    unseen.load("a", 30);
    seen.load("a", 30, { watched: true });
    for (const durationMs of [1090, 10, 140, 170]) {
      await unseen.run(durationMs);
      await seen.run(durationMs);
      expect(unseen.tickOf("a")).toBe(seen.tickOf("a"));
    }
  });

  test("a watcher sees every tick from the first frame on", async () => {
    const bench = new LoopBench();
    bench.load("a", 30);
    await bench.run(1090);
    bench.loop.receive({ kind: "watch", tank: "a", load: 1, watched: true });
    await bench.run(200);
    const [first = 0, ...later] = bench.of("frame").map(({ scene }) => scene.tick);
    expect(first).toBeGreaterThanOrEqual(34);
    expect(later).toEqual([first + 2]);
  });

  test("ticks that were put off are as late as the last of them", async () => {
    let stallMs = 0;
    const bench = new LoopBench(NO_SNAPSHOTS, (clock) => ({
      ...clock,
      monotonicMs: () => clock.monotonicMs() + stallMs,
    }));
    bench.load("a", 10);
    const behind = () =>
      bench
        .of("reports")
        .map(({ work }) => work.ticksBehind)
        .reduce((sums, some) => sums.map((sum, place) => sum + (some[place] ?? 0)));
    await bench.run(1010);
    expect(behind()).toEqual([10, 0, 0, 0, 0, 0, 0]);
    // The ticks at 1,100 and 1,200 wait for the report at 1,250; that comes when 1,300 and 1,400
    // are due.
    stallMs = 200;
    await bench.run(300);
    expect(behind()).toEqual([11, 1, 2, 0, 0, 0, 0]);
  });

  test("wakes for each tick where its tanks ask for much of a core", async () => {
    const tanks = Array.from({ length: 12 }, (_, number) => `tank-${number}`);
    const { woken } = await wakeUps({}, tanks, costly);
    expect(woken).toBeGreaterThanOrEqual(100);
  });

  test("shows that it lives where nothing happens, and reports nothing", async () => {
    const { woken, bench } = await wakeUps({ controls: plainControls(30, true) });
    expect(woken).toBeLessThanOrEqual(3);
    expect(woken).toBeGreaterThanOrEqual(2);
    bench.said.length = 0;
    await bench.run(10_000);
    expect(bench.said).toEqual([]);
    bench.command("a", 1, { kind: "resume" });
    await bench.run(1000);
    expect(bench.report("a")?.stats.tick).toBeGreaterThanOrEqual(22);
  });
});
