import { describe, expect, test } from "bun:test";
import type { Cancel } from "../../src/platform/timers.ts";
import type { FromSimulation, TankReport } from "../../src/tanks/thread/simulation.ts";
import { SimulationLoop } from "../../src/tanks/thread/simulation-loop.ts";
import { TICKS_BEHIND } from "../../src/tanks/thread/work-meter.ts";
import { NO_SNAPSHOTS } from "./harness.ts";
import { newTank } from "./loop-bench.ts";

/**
 * A thread on which work takes time: each look at its clock comes `lookMs` after the one before.
 */
class BusyThread {
  readonly #lookMs: number;
  readonly #reports = new Map<string, TankReport>();
  readonly #loop: SimulationLoop;
  #timers: { readonly atMs: number; readonly task: () => void }[] = [];
  #nowMs = 0;
  #ticksBehind = TICKS_BEHIND.map(() => 0);
  ticksSkipped = 0;

  constructor(lookMs: number) {
    this.#lookMs = lookMs;
    const monotonicMs = () => {
      this.#nowMs += this.#lookMs;
      return this.#nowMs;
    };
    const ports = {
      clock: { monotonicMs, wallMs: monotonicMs },
      timers: { after: (delayMs: number, task: () => void) => this.#after(delayMs, task) },
    };
    this.#loop = new SimulationLoop(ports, (said) => this.#hear(said), { snapshots: NO_SNAPSHOTS });
  }

  load(tank: string, tickRate: number): void {
    this.#loop.receive(newTank(tank, tickRate, 2));
  }

  run(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    while (this.#nowMs < untilMs) {
      this.#timers.sort((one, other) => one.atMs - other.atMs);
      const next = this.#timers.shift();
      if (!next) throw new Error("a loop always has something to wait for");
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.task();
    }
  }

  report(tank: string): TankReport {
    const report = this.#reports.get(tank);
    if (!report) throw new Error(`${tank} has reported`);
    return report;
  }

  /** The share of scheduled ticks that began at most so far behind. */
  inTime(ticksBehind: (typeof TICKS_BEHIND)[number]): number {
    const sum = (counts: readonly number[]) => counts.reduce((all, one) => all + one, 0);
    const upTo = this.#ticksBehind.slice(0, TICKS_BEHIND.indexOf(ticksBehind) + 1);
    return sum(upTo) / sum(this.#ticksBehind);
  }

  #after(delayMs: number, task: () => void): Cancel {
    const timer = { atMs: this.#nowMs + delayMs, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  #hear(said: FromSimulation): void {
    if (said.kind !== "reports") return;
    for (const { tank, report } of said.reports) this.#reports.set(tank, report);
    for (const [place, ticks] of said.work.ticksBehind.entries()) {
      this.#ticksBehind[place] = (this.#ticksBehind[place] ?? 0) + ticks;
    }
    this.ticksSkipped += said.work.ticksSkipped;
  }
}

describe("tanks that share a thread", () => {
  test("keep to their clock beside a crowd of tanks that go as fast as they can", () => {
    const thread = new BusyThread(0.05);
    for (let i = 0; i < 50; i++) thread.load(`eager ${i}`, 0);
    for (let i = 0; i < 20; i++) thread.load(`paced ${i}`, 100);
    thread.run(3000);
    expect(thread.inTime(0)).toBeGreaterThan(0.97);
    expect(thread.inTime(1)).toBeGreaterThan(0.999);
    expect(thread.ticksSkipped).toBe(0);
    for (let i = 0; i < 20; i++) {
      expect(thread.report(`paced ${i}`).achievedRate).toBeCloseTo(100, -1);
    }
  });

  test("that go as fast as they can get the same each", () => {
    const thread = new BusyThread(0.05);
    for (let i = 0; i < 7; i++) thread.load(`eager ${i}`, 0);
    for (let i = 0; i < 20; i++) thread.load(`paced ${i}`, 30);
    thread.run(5000);
    const rates = Array.from({ length: 7 }, (_, i) => thread.report(`eager ${i}`).achievedRate);
    expect(Math.min(...rates)).toBeGreaterThan(0.95 * Math.max(...rates));
    expect(Math.min(...rates)).toBeGreaterThan(300);
  });

  test("go on a little where the others ask for more than there is", () => {
    const thread = new BusyThread(0.5);
    thread.load("eager", 0);
    for (let i = 0; i < 10; i++) thread.load(`paced ${i}`, 1000);
    thread.run(5000);
    expect(thread.report("eager").stats.tick).toBeGreaterThan(50);
    const ticks = Array.from({ length: 10 }, (_, i) => thread.report(`paced ${i}`).stats.tick);
    expect(Math.min(...ticks)).toBeGreaterThan(0.9 * Math.max(...ticks));
  });

  test("say how far behind they are, what they reach, and what was left out", () => {
    const thread = new BusyThread(0.5);
    for (let i = 0; i < 10; i++) thread.load(`paced ${i}`, 1000);
    thread.run(10_000);
    const { achievedRate, tickLag, skippedTicks, stats, demand } = thread.report("paced 3");
    expect(achievedRate).toBeLessThan(250);
    expect(tickLag).toBeGreaterThan(500);
    expect(tickLag).toBeLessThanOrEqual(1100);
    // Each of ten seconds' ticks was run, was left out, or is owed.
    expect(Math.abs(stats.tick + skippedTicks + tickLag - 10_000)).toBeLessThan(1200);
    // What it asks for, not what it gets: half a core at 0.5 ms a tick.
    expect(demand).toBeGreaterThan(0.45);
    expect(thread.inTime(16)).toBeLessThan(0.2);
  });

  test("do not make a tank lag that needs little, however much one of them asks for", () => {
    const thread = new BusyThread(0.05);
    thread.load("greedy", 1_000_000);
    for (let i = 0; i < 20; i++) thread.load(`paced ${i}`, 30);
    thread.run(5000);
    for (let i = 0; i < 20; i++) {
      const { achievedRate, skippedTicks } = thread.report(`paced ${i}`);
      expect(achievedRate).toBeCloseTo(30, -0.5);
      expect(skippedTicks).toBe(0);
    }
  });

  test("run at a tenth of a tick a second, and at a thousand", () => {
    const thread = new BusyThread(0.001);
    thread.load("slow", 0.1);
    thread.load("fast", 1000);
    thread.run(100_000);
    expect(thread.report("slow").stats.tick).toBeGreaterThanOrEqual(9);
    expect(thread.report("slow").stats.tick).toBeLessThanOrEqual(10);
    expect(thread.report("slow").achievedRate).toBeCloseTo(0.1, 2);
    expect(thread.report("fast").stats.tick / 100_000).toBeCloseTo(1, 2);
  });
});
