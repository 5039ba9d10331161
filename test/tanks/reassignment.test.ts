import { describe, expect, test } from "bun:test";
import type { Journal } from "../../src/store/journal.ts";
import type { TankService, TanksDeps } from "../../src/tanks/service.ts";
import { inProcessSimulation } from "../../src/tanks/thread/in-process-host.ts";
import type { FromSimulation, SimulationThread } from "../../src/tanks/thread/simulation.ts";
import type { SnapshotLimits } from "../../src/tanks/thread/snapshot-rule.ts";
import { Bench, gate, heldBack, NO_SNAPSHOTS, refusal } from "./harness.ts";
import { restless } from "./restless.ts";

const FEED = { kind: "feed", portions: 1 } as const;
const SPEC = { description: "", fish: 15 };

/** A node with two threads, whose tanks report random demands and so are reassigned often. */
class ReassigningBench {
  readonly bench: Bench;
  readonly threads: { loads: number; say: (message: FromSimulation) => void }[] = [];
  /** Lets what a thread says pass, or not. */
  passes: (message: FromSimulation) => boolean = () => true;
  readonly #snapshots: SnapshotLimits;

  constructor(seed: number, snapshots = NO_SNAPSHOTS) {
    this.#snapshots = snapshots;
    this.bench = new Bench({ seed, snapshots });
  }

  async start(
    overrides: Partial<TanksDeps> = {},
    wrap?: (journal: Journal) => Journal,
  ): Promise<TankService> {
    const { bench } = this;
    const all: Partial<TanksDeps> = {
      threads: 2,
      spawnSimulation: () => {
        const { process } = bench.host;
        if (!process) throw new Error("a process is booted");
        const thread = inProcessSimulation(process, { snapshots: this.#snapshots });
        const draws = bench.world.stream(`demand ${this.threads.length}`);
        return this.#watch(restless(thread, () => draws.unit()));
      },
      ...overrides,
    };
    const tanks = bench.boot(all, wrap);
    await bench.settle(tanks.start());
    return tanks;
  }

  get loads(): number {
    return this.threads.reduce((sum, { loads }) => sum + loads, 0);
  }

  #watch(thread: SimulationThread): SimulationThread {
    const watched = { loads: 0, say: (_: FromSimulation) => {} };
    this.threads.push(watched);
    return {
      ...thread,
      post: (message) => {
        if (message.kind === "load") watched.loads++;
        thread.post(message);
      },
      onMessage: (handler) => {
        watched.say = handler;
        thread.onMessage((message) => {
          if (message.kind === "loaded") this.bench.loaded = message;
          // A reassignment takes time, so that commands arrive during it.
          if (this.passes(message)) this.bench.world.schedule(20, "thread", () => handler(message));
        });
      },
    };
  }
}

async function found(bench: Bench, tanks: TankService, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let seed = 0; seed < count; seed++) {
    ids.push(
      (await bench.settle(tanks.create({ ...SPEC, name: `reef-${seed}`, seed }))).row.tank_id,
    );
  }
  return ids;
}

describe("a tank that is reassigned from thread to thread", () => {
  test("takes a command at the moment at which its reassignment begins", async () => {
    const nodes = new ReassigningBench(5);
    const { bench } = nodes;
    let atEachBalance = (): void => {};
    const timers: TanksDeps["timers"] = {
      after: (delayMs, task) => {
        const { process } = bench.host;
        if (!process) throw new Error("a process is booted");
        const balances = delayMs === 5000;
        return process.timers.after(delayMs, () => {
          task();
          if (balances) atEachBalance();
        });
      },
    };
    const tanks = await nodes.start({ timers });
    const ids = await found(bench, tanks, 4);
    const ends: Promise<unknown>[] = [];
    atEachBalance = () => {
      // One at each step of what the balancer has begun.
      let step = Promise.resolve();
      for (let steps = 0; steps < 40; steps++) {
        for (const id of ids) ends.push(step.then(() => tanks.submit(id, FEED)));
        step = step.then(() => {});
      }
    };
    await bench.run(120_000);
    expect(nodes.loads - ids.length).toBeGreaterThan(3);
    await bench.settle(Promise.all(ends));
    expect(bench.said("tank reassignment failed")).toEqual([]);
    expect(bench.said("tank reverted to its durable state")).toEqual([]);
  });

  test("loses no command, refuses none, and equals its replay", async () => {
    for (const snapshots of [NO_SNAPSHOTS, { ...NO_SNAPSHOTS, ticksMax: 200 }]) {
      const nodes = new ReassigningBench(5, snapshots);
      const { bench } = nodes;
      const tanks = await nodes.start();
      const ids = await found(bench, tanks, 4);
      let acknowledged = 0;
      const statuses = new Set<string | undefined>();
      for (let round = 0; round < 1200; round++) {
        const tankId = ids[round % ids.length] ?? "";
        const kind = round % 7 === 0 ? ({ kind: "spawn", fish: 1 } as const) : undefined;
        const command = kind ?? ({ kind: "feed", portions: 1 } as const);
        void tanks.submit(tankId, command).then(
          () => acknowledged++,
          (error) => bench.world.fail(error),
        );
        void tanks.fish(tankId).catch((error) => bench.world.fail(error));
        statuses.add(tanks.get(tankId)?.status);
        await bench.run(100);
      }
      expect(acknowledged).toBe(1200);
      expect(nodes.loads - ids.length).toBeGreaterThan(5);
      expect(bench.said("tank reassignment failed")).toEqual([]);
      expect([...statuses]).toEqual(["running"]);
      for (const tankId of ids) await bench.settle(tanks.submit(tankId, { kind: "pause" }));
      await bench.run(1000);
      const shown = ids.map((tankId) => tanks.get(tankId));
      bench.kill();
      const again = await nodes.start();
      for (const before of shown) {
        const row = before?.row;
        if (!row) throw new Error("the tank is there");
        expect(again.get(row.tank_id)?.stats).toEqual(before.stats);
        await bench.settle(again.submit(row.tank_id, { kind: "resume" }));
        await bench.settle(again.submit(row.tank_id, { kind: "pause" }));
      }
      await bench.settle(again.stop());
      for (const { row } of shown.flatMap((one) => one ?? [])) {
        const [newest] = await bench.store.journal.snapshots(row.tank_id);
        expect(newest?.digest).toBe(bench.replayedDigest(row, newest?.tick));
      }
    }
  }, 60_000);

  test("is snapshotted as often as one that stays", async () => {
    const nodes = new ReassigningBench(7, { ...NO_SNAPSHOTS, ticksMax: 1500 });
    const { bench } = nodes;
    const tanks = await nodes.start();
    const ids = await found(bench, tanks, 4);
    // A tank is reassigned at most every 900 ticks: no incarnation reaches 1,500.
    await bench.run(300_000);
    expect(nodes.loads - ids.length).toBeGreaterThan(10);
    for (const tankId of ids) {
      const [newest] = await bench.store.journal.snapshots(tankId);
      const { stats } = tanks.get(tankId) ?? {};
      expect((stats?.tick ?? 0) - (newest?.tick ?? 0)).toBeLessThan(1700);
    }
  });

  test("goes on being watched", async () => {
    const nodes = new ReassigningBench(5);
    const { bench } = nodes;
    const tanks = await nodes.start();
    const ids = await found(bench, tanks, 3);
    const seen = new Map<string, number>();
    for (const tankId of ids) tanks.watch(tankId, ({ tick }) => seen.set(tankId, tick));
    await bench.run(120_000);
    expect(nodes.loads - ids.length).toBeGreaterThan(3);
    for (const tankId of ids) {
      const behind = (tanks.get(tankId)?.stats.tick ?? 0) - (seen.get(tankId) ?? 0);
      expect(behind).toBeLessThan(30);
    }
  });

  test("keeps its fast-forward", async () => {
    const nodes = new ReassigningBench(5);
    const { bench } = nodes;
    const tanks = await nodes.start({ tickRate: 1 });
    const ids = await found(bench, tanks, 3);
    for (const tankId of ids) {
      await bench.settle(tanks.submit(tankId, { kind: "pause" }));
      await bench.settle(tanks.submit(tankId, { kind: "fast_forward", ticks: 1 }));
    }
    await bench.run(200_000);
    for (const tankId of ids) {
      expect(tanks.get(tankId)).toMatchObject({ status: "paused", fastForwardTo: undefined });
    }
  });
});

describe("a reassignment that fails", () => {
  test("brings the tank back from the disk, and what was waiting goes on", async () => {
    const nodes = new ReassigningBench(5);
    const { bench } = nodes;
    const tanks = await nodes.start();
    const ids = await found(bench, tanks, 3);
    let broken = 0;
    nodes.passes = (message) => {
      if (message.kind !== "captured" || message.request === undefined) return true;
      broken++;
      message.packed.fill(0);
      return true;
    };
    let acknowledged = 0;
    for (let round = 0; round < 1200; round++) {
      const fed = tanks.submit(ids[round % 3] ?? "", { kind: "feed", portions: 1 });
      void fed.then(
        () => acknowledged++,
        (error) => bench.world.fail(error),
      );
      await bench.run(100);
    }
    expect(broken).toBeGreaterThan(2);
    expect(bench.said("tank reassignment failed").length).toBe(broken);
    expect(acknowledged).toBe(1200);
    for (const tankId of ids) expect(tanks.get(tankId)?.status).toBe("running");
  });

  test("because a thread dies comes back like any other", async () => {
    const nodes = new ReassigningBench(5);
    const { bench } = nodes;
    const tanks = await nodes.start();
    const ids = await found(bench, tanks, 3);
    let deaths = 0;
    nodes.passes = (message) => {
      if (message.kind !== "captured" || message.request === undefined) return true;
      deaths++;
      for (const { say } of nodes.threads) say({ kind: "thread_failed", message: "power" });
      return false;
    };
    await bench.run(60_000);
    nodes.passes = () => true;
    await bench.run(60_000);
    expect(deaths).toBeGreaterThan(0);
    for (const tankId of ids) {
      expect(tanks.get(tankId)?.status).toBe("running");
      const fed = await bench.settle(tanks.submit(tankId, { kind: "feed", portions: 1 }));
      expect(fed.outcome.kind).toBe("done");
    }
  });

  test("because the disk is full returns the tank to its durable state", async () => {
    const nodes = new ReassigningBench(5);
    const { bench } = nodes;
    const commit = gate();
    let held = false;
    const tanks = await nodes.start({}, (journal) => heldBack(journal, () => held, commit.opened));
    const ids = await found(bench, tanks, 3);
    let reassigned: string | undefined;
    nodes.passes = (message) => {
      if (message.kind === "captured" && message.request !== undefined) reassigned ??= message.tank;
      return true;
    };
    await bench.run(4500);
    held = true;
    const fed = ids.map((tankId) => refusal(tanks.submit(tankId, { kind: "feed", portions: 1 })));
    // The reassignment begins during the command's commit, and must not overtake it.
    await bench.run(2000);
    expect(reassigned).toBeDefined();
    const { loads } = nodes;
    bench.store.setFault("disk full");
    commit.open();
    expect(await bench.settle(Promise.all(fed))).toEqual(ids.map(() => "storage_unavailable"));
    expect(loads).toBe(ids.length);
    held = false;
    await bench.run(10_000);
    bench.store.setFault(undefined);
    await bench.run(10_000);
    for (const tankId of ids) {
      expect(tanks.get(tankId)?.status).toBe("running");
      const again = await bench.settle(tanks.submit(tankId, { kind: "feed", portions: 1 }));
      expect(again.seq).toBe(2);
    }
    bench.kill();
    const again = await nodes.start();
    expect(again.list().map(({ status }) => status)).toEqual(ids.map(() => "running"));
  });
});
