import { describe, expect, test } from "bun:test";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import type { FromSimulation } from "../../src/tanks/thread/simulation.ts";
import { SimulationLoop } from "../../src/tanks/thread/simulation-loop.ts";
import { NO_SNAPSHOTS, plainControls } from "./harness.ts";
import { costly, LoopBench } from "./loop-bench.ts";

describe("the simulation loop", () => {
  test("reports a tank that is frozen at the tick at which it stopped", async () => {
    const bench = new LoopBench();
    bench.load("a", 30);
    await bench.run(1090);
    bench.loop.receive({ kind: "freeze", tank: "a", load: 1 });
    const shown = bench.of("reports").at(-1)?.reports[0]?.report.stats.tick;
    expect(shown).toBe(bench.tickOf("a"));
  });

  test("runs 30 ticks a second, without drift, and says so", async () => {
    const bench = new LoopBench();
    bench.load("a", 30);
    await bench.run(100_000);
    const tick = bench.tickOf("a");
    expect(tick).toBeGreaterThanOrEqual(2999);
    expect(tick).toBeLessThanOrEqual(3001);
    expect(bench.report("a")?.achievedRate).toBeCloseTo(30, 0);
    expect(bench.report("a")?.tickLag).toBe(0);
  });

  test("a tank with nothing to replay is there at once, whoever else is due", () => {
    const bench = new LoopBench();
    bench.load("flat out", 0);
    bench.load("new", 30);
    expect(bench.of("loaded").map(({ tank }) => tank)).toEqual(["flat out", "new"]);
  });

  test("says how late each tick began, and how many were left out", async () => {
    let asleepMs = 0;
    const bench = new LoopBench(NO_SNAPSHOTS, (clock) => ({
      ...clock,
      monotonicMs: () => clock.monotonicMs() + asleepMs,
    }));
    bench.load("a", 10, { watched: true });
    bench.load("hurried", 10, { controls: { ...plainControls(10), paused: true } });
    bench.command("hurried", 1, { kind: "fast_forward", ticks: 30 });
    await bench.run(1000);
    asleepMs = 5000;
    await bench.run(1000);
    const work = bench.of("reports").map((said) => said.work);
    const sum = (of: (one: (typeof work)[number]) => number) =>
      work.reduce((total, one) => total + of(one), 0);
    const ran = bench.tickOf("a");
    expect(sum(({ ticksBehind }) => ticksBehind.reduce((all, some) => all + some, 0))).toBe(ran);
    // Of the 51 ticks due when it wakes ten are caught up with: 9, 8 … 1 behind, and one on time.
    expect(sum(({ ticksSkipped }) => ticksSkipped)).toBe(41);
    expect(sum(({ ticksBehind }) => ticksBehind[5] ?? 0)).toBe(1);
    expect(sum(({ ticksBehind }) => ticksBehind[4] ?? 0)).toBe(4);
  });

  test("many tanks report one part after the other, each four times a second", async () => {
    const bench = new LoopBench();
    const tanks = Array.from({ length: 150 }, (_, number) => `tank-${number}`);
    for (const tank of tanks) bench.load(tank, 5);
    await bench.run(1500);
    bench.said.length = 0;
    await bench.run(2000);
    const said = bench.of("reports").map(({ reports }) => reports.map(({ tank }) => tank));
    for (const some of said) expect(some.length).toBe(50);
    for (const tank of tanks) {
      const times = said.filter((some) => some.includes(tank)).length;
      expect(times).toBeGreaterThanOrEqual(7);
      expect(times).toBeLessThanOrEqual(8);
    }
  });

  test("a snapshot follows the usual cost of a replay, not that of an unusual tick", async () => {
    // Each look at the clock takes 50 µs: a tick by itself costs two of them, in a trial a quarter.
    let looks = 0;
    const limits = { ...NO_SNAPSHOTS, costMs: 10, intervalMs: 0 };
    const bench = new LoopBench(limits, (clock) => ({
      ...clock,
      monotonicMs: () => clock.monotonicMs() + 0.05 * looks++,
    }));
    bench.load("a", 100);
    await bench.run(20_000);
    const [first, second] = bench.of("captured").map(({ tick }) => tick);
    expect(first).toBeGreaterThanOrEqual(10 / 0.0125);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(10 / 0.0125);
  });

  test("hosts tanks of different rates side by side", async () => {
    const bench = new LoopBench();
    bench.load("slow", 2);
    bench.load("fast", 200);
    bench.load("flat out", 0);
    await bench.run(200);
    // Bounded even where the clock stands still while code runs: 256 ticks a millisecond.
    expect(bench.tickOf("flat out")).toBeGreaterThan(1000);
    expect(bench.tickOf("flat out")).toBeLessThanOrEqual(201 * 256);
    bench.loop.receive({ kind: "unload", tank: "flat out", load: 1 });
    await bench.run(4800);
    expect(Math.abs(bench.tickOf("slow") - 10)).toBeLessThanOrEqual(1);
    expect(Math.abs(bench.tickOf("fast") - 1000)).toBeLessThanOrEqual(2);
  });

  test("catches up a second at most after the machine has slept", async () => {
    let sleptMs = 0;
    const world = new SimulatedWorld({ seed: 1 });
    const { clock, timers } = world.addHost({ name: "node" }).boot();
    const sleeping = { ...clock, monotonicMs: () => clock.monotonicMs() + sleptMs };
    const said: FromSimulation[] = [];
    const loop = new SimulationLoop({ clock: sleeping, timers }, (message) => said.push(message));
    const id = { tank: "a", load: 1 };
    loop.receive({
      kind: "load",
      ...id,
      spec: { seed: 3, fish: 10, tankKey: "00000000000000aa" },
      live: undefined,
      snapshot: undefined,
      checksum: "",
      engineVersion: 1,
      tail: [],
      controls: plainControls(),
      frozen: false,
      watched: false,
      uncovered: { ticks: 0, entries: 0 },
      skippedTicks: 0,
    });
    await world.run(1000);
    sleptMs = 8 * 3_600_000;
    await world.run(2000);
    loop.receive({ kind: "command", ...id, request: 1, command: { kind: "resume" } });
    const applied = said.find((message) => message.kind === "applied");
    expect(applied?.tick).toBeGreaterThanOrEqual(85);
    expect(applied?.tick).toBeLessThanOrEqual(91);
  });

  test("carries out a command at once, also while a tank goes flat out", async () => {
    const bench = new LoopBench();
    bench.load("flat out", 0);
    await bench.run(10);
    const before = bench.said.length;
    bench.command("flat out", 7, { kind: "feed", portions: 1 });
    expect(bench.said.slice(before)).toMatchObject([{ kind: "applied", request: 7 }]);
  });

  test("tells once what a tank counts, after all commands of a moment", async () => {
    const bench = new LoopBench();
    for (const tank of ["one", "other"]) bench.load(tank, 30);
    await bench.run(10);
    const feed = { kind: "feed", portions: 1 } as const;
    const command = (tank: string, request: number) =>
      ({ kind: "command", tank, load: 1, request, command: feed }) as const;
    bench.loop.receive(command("one", 1), command("other", 2), command("one", 3));
    const reported = bench.of("applied").map(({ request, report }) => [request, report?.seq]);
    // Entry 1 of a log is the digest of its tank's initial state.
    expect(reported).toEqual([
      [1, 3],
      [2, 2],
      [3, undefined],
    ]);
  });

  test("does not put off its next slice for a message", async () => {
    let cancelled = 0;
    const bench = new LoopBench(NO_SNAPSHOTS, undefined, (timers) => ({
      after: (delayMs, task) => {
        const cancel = timers.after(delayMs, task);
        return () => {
          cancelled++;
          cancel();
        };
      },
    }));
    bench.load("flat out", 0);
    await bench.run(10);
    cancelled = 0;
    for (let i = 0; i < 10; i++) bench.command("flat out", i, { kind: "feed", portions: 1 });
    // Moved forwards once, from the pause of the slice before to now.
    expect(cancelled).toBeLessThanOrEqual(1);
  });

  test("is not kept from ticking by a stream of commands", async () => {
    const bench = new LoopBench();
    bench.load("a", 30);
    for (let i = 0; i < 5000; i++) {
      bench.command("a", i, { kind: "feed", portions: 1 });
      await bench.run(0.4);
    }
    expect(bench.tickOf("a")).toBeGreaterThanOrEqual(58);
  });

  test("marks the state every 1,000 ticks, numbered with the commands", async () => {
    const bench = new LoopBench();
    bench.load("a", 100);
    await bench.run(5);
    bench.command("a", 1, { kind: "feed", portions: 1 });
    await bench.run(20_000);
    expect(bench.of("loaded")).toMatchObject([{ report: { seq: 1 }, replayedTicks: 0 }]);
    expect(bench.of("applied")).toMatchObject([{ seq: 2 }]);
    expect(bench.of("mark").map(({ seq, tick }) => [seq, tick])).toEqual([
      [3, 1000],
      [4, 2000],
    ]);
  });

  test("holds a tank until it is released", async () => {
    const bench = new LoopBench();
    bench.load("a", 30, { frozen: true });
    await bench.run(2000);
    bench.loop.receive({ kind: "unfreeze", tank: "a", load: 1 });
    await bench.run(1000);
    expect(bench.tickOf("a")).toBeGreaterThanOrEqual(29);
    expect(bench.tickOf("a")).toBeLessThanOrEqual(31);
  });

  test("does not listen to what is meant for an earlier incarnation", async () => {
    const bench = new LoopBench();
    bench.load("a", 30);
    bench.load("a", 30, { load: 2 });
    await bench.run(100);
    bench.command("a", 1, { kind: "feed", portions: 1 });
    bench.loop.receive({ kind: "unload", tank: "a", load: 1 });
    expect(bench.of("applied")).toEqual([]);
    bench.loop.receive({
      kind: "command",
      tank: "a",
      load: 2,
      request: 1,
      command: { kind: "pause" },
    });
    expect(bench.of("applied")).toHaveLength(1);
  });

  test("an error of one tank stops that tank, at its load or later", async () => {
    const bench = new LoopBench();
    bench.load("a", 30);
    bench.load("impossible", 30, { spec: { seed: 1, fish: -1, tankKey: "00000000000000aa" } });
    bench.load("lost", 30, {
      tail: [{ seq: 1, tick: 0, command: undefined, digest: "another" }],
    });
    const packed = new Uint8Array([1, 2, 3]);
    const snapshot = { seq: 1, tick: 0, controls: plainControls(), digest: "", packed };
    bench.load("torn", 30, { snapshot });
    await bench.run(1000);
    expect(bench.of("load_failed").map(({ tank, stage }) => [tank, stage])).toEqual([
      ["impossible", "replay"],
      ["torn", "snapshot"],
      ["lost", "replay"],
    ]);
    expect(bench.tickOf("a")).toBeGreaterThanOrEqual(28);
  });

  test("takes a snapshot when a replay would cost too much CPU, not of a paused tank", async () => {
    const bench = new LoopBench({ ...NO_SNAPSHOTS, costMs: 1, intervalMs: 500 }, costly);
    bench.load("a", 30);
    bench.load("still", 30, { controls: plainControls(30, true) });
    await bench.run(10_000);
    const captured = bench.of("captured");
    expect(captured.length).toBeGreaterThan(2);
    expect(captured.every(({ tank }) => tank === "a")).toBe(true);
  });
});
