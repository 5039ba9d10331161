import { describe, expect, test } from "bun:test";
import { realClock } from "../../src/platform/real/clock.ts";
import { realRandom } from "../../src/platform/real/random.ts";
import { realTimers } from "../../src/platform/real/timers.ts";
import { MemoryFiles } from "../../src/platform/simulated/files.ts";
import type { Timers } from "../../src/platform/timers.ts";
import { MemoryStore } from "../../src/store/memory/store.ts";
import { Quarantine } from "../../src/tanks/quarantine.ts";
import { createTanks, type TankService } from "../../src/tanks/service.ts";
import {
  MISSED_HEARTBEATS_MAX,
  WATCHDOG_INTERVAL_MS,
  Watchdog,
} from "../../src/tanks/slots/watchdog.ts";
import { inProcessSimulation } from "../../src/tanks/thread/in-process-host.ts";
import type { SimulationThread } from "../../src/tanks/thread/simulation.ts";
import { workerSimulation } from "../../src/tanks/worker-host.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { Bench, NO_SNAPSHOTS, refusal } from "./harness.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 20 };
const CAVE = { name: "cave", description: "", seed: 8, fish: 10 };
const HANG_MS = WATCHDOG_INTERVAL_MS * (MISSED_HEARTBEATS_MAX + 3);

describe("the watchdog of a thread", () => {
  test("reports a hang after several consecutive checks without a heartbeat", () => {
    const watchdog = new Watchdog();
    let beats = 0;
    for (let check = 0; check < 100; check++) expect(watchdog.check(beats++ >> 1)).toBe(false);
    const silent = Array.from({ length: MISSED_HEARTBEATS_MAX + 1 }, () => watchdog.check(99));
    expect(silent).toEqual([...Array.from({ length: MISSED_HEARTBEATS_MAX }, () => false), true]);
  });

  test("counts the suspension of a machine as one missed heartbeat", () => {
    const watchdog = new Watchdog();
    for (let night = 0; night < 1000; night++) {
      expect(watchdog.check(night)).toBe(false);
      expect(watchdog.check(night)).toBe(false);
    }
  });
});

describe("a quarantine", () => {
  test("begins with the second death in ten minutes, and ends when somebody lifts it", () => {
    const quarantine = new Quarantine();
    quarantine.blame("hung", 1000);
    expect(quarantine.reason).toBeUndefined();
    quarantine.blame("hung", 700_000);
    expect(quarantine.reason).toBeUndefined();
    quarantine.blame("hung", 701_000);
    expect(quarantine.reason).toContain(
      "repeatedly while working on it (hung); resume it to try again",
    );
    // However long it was kept out: it is tried again once, and not twice.
    quarantine.lift(2_000_000);
    expect(quarantine.reason).toBeUndefined();
    quarantine.blame("hung", 2_001_000);
    expect(quarantine.reason).toBeDefined();
  });
});

/** Threads that hang or die as soon as they have a cursed tank, `how` they are told to. */
class CursedBench {
  readonly bench = new Bench();
  readonly cursed = new Set<string>();
  how: "hang" | "die" = "hang";

  async start(): Promise<TankService> {
    const spawnSimulation = () => {
      const { process } = this.bench.host;
      if (!process) throw new Error("a process is booted");
      return this.#fragile(inProcessSimulation(process, { snapshots: NO_SNAPSHOTS }));
    };
    const tanks = this.bench.boot({ spawnSimulation });
    await this.bench.settle(tanks.start());
    return tanks;
  }

  #fragile(thread: SimulationThread): SimulationThread {
    let workingOn = 0;
    let say: Parameters<SimulationThread["onMessage"]>[0] = () => {};
    const { heartbeat } = thread;
    return {
      heartbeat: {
        get beats() {
          return workingOn === 0 ? heartbeat.beats : 0;
        },
        get workingOn() {
          return workingOn;
        },
      },
      post: (message) => {
        if (workingOn > 0) return;
        thread.post(message);
        if (message.kind !== "load" || !this.cursed.has(message.tank)) return;
        workingOn = message.load;
        const dies = this.how === "die";
        if (dies) queueMicrotask(() => say({ kind: "thread_failed", message: "out of memory" }));
      },
      onMessage: (handler) => {
        say = handler;
        thread.onMessage((message) => {
          if (workingOn === 0) handler(message);
        });
      },
      stop: () => thread.stop(),
    };
  }
}

describe.each(["hang", "die"] as const)("a tank that lets its thread %s", (how) => {
  test("is kept out after the second time; the others run on", async () => {
    const cursing = new CursedBench();
    cursing.how = how;
    const { bench } = cursing;
    const tanks = await cursing.start();
    const reef = await bench.settle(tanks.create(REEF));
    const cave = await bench.settle(tanks.create(CAVE));
    cursing.cursed.add(reef.row.tank_id);
    bench.kill();
    const restarted = await cursing.start();
    await bench.run(3 * HANG_MS);
    expect(restarted.get(reef.row.tank_id)).toMatchObject({ status: "stopped" });
    expect(restarted.get(reef.row.tank_id)?.reason).toContain("failed repeatedly");
    const fed = restarted.submit(reef.row.tank_id, { kind: "feed", portions: 1 });
    expect(await bench.settle(refusal(fed))).toBe("not_ready");
    expect(restarted.get(cave.row.tank_id)?.status).toBe("running");
    const { tick = 0 } = restarted.get(cave.row.tank_id)?.stats ?? {};
    await bench.run(10_000);
    expect(restarted.get(cave.row.tank_id)?.stats.tick).toBeGreaterThanOrEqual(tick + 290);
    expect(bench.said("simulation thread lost")).toHaveLength(2);

    // Still cursed: it is tried once more, and costs the others one more death.
    void restarted.submit(reef.row.tank_id, { kind: "resume" }).catch(() => {});
    await bench.run(3 * HANG_MS);
    expect(bench.said("simulation thread lost")).toHaveLength(3);
    cursing.cursed.clear();
    const resumed = restarted.submit(reef.row.tank_id, { kind: "resume" });
    expect((await bench.settle(resumed)).outcome.kind).toBe("done");
    expect(restarted.get(reef.row.tank_id)?.status).toBe("running");
  });
});

test("a tank that failed by itself is tried again when somebody resumes it", async () => {
  const bench = new Bench();
  const tanks = await bench.start();
  const { row } = await bench.settle(tanks.create(REEF));
  bench.say({ kind: "tank_failed", tank: row.tank_id, load: 1, message: "a bug" });
  await bench.run(60_000);
  expect(tanks.get(row.tank_id)).toMatchObject({ status: "stopped", reason: "a bug" });
  await bench.settle(tanks.submit(row.tank_id, { kind: "resume" }));
  expect(tanks.get(row.tank_id)?.status).toBe("running");
});

/** A tenth of the time that is asked for, so that a test need not wait for half a minute. */
const hasty: Timers = { after: (delayMs, task) => realTimers.after(delayMs / 10, task) };

test("a real thread that hangs is ended, and the tank that hung it is quarantined", async () => {
  const entry = new URL("./hanging-worker.ts", import.meta.url).href;
  const tanks = createTanks({
    journal: new MemoryStore().journal,
    files: new MemoryFiles(),
    clock: realClock,
    timers: hasty,
    random: realRandom,
    log: silentLog,
    metrics: noMetrics,
    tickRate: 30,
    spawnSimulation: () => workerSimulation(new Worker(entry)),
  });
  await tanks.start();
  const reef = await tanks.create(REEF);
  const cave = await tanks.create(CAVE);
  const deadly = tanks.submit(reef.row.tank_id, { kind: "feed", portions: 1 });
  expect((await deadly).outcome.kind).toBe("done");
  const until = async (done: () => boolean) => {
    while (!done()) await new Promise((resolve) => realTimers.after(5, () => resolve(undefined)));
  };
  await until(() => tanks.get(reef.row.tank_id)?.reason?.includes("failed repeatedly") === true);
  await until(() => tanks.get(cave.row.tank_id)?.status === "running");
  const fed = tanks.submit(cave.row.tank_id, { kind: "feed", portions: 2 });
  expect((await fed).outcome.kind).toBe("done");
  await tanks.stop();
}, 30_000);
