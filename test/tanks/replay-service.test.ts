import { describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/platform/limits.ts";
import { ENGINE_VERSION, loadTank, statsOf } from "../../src/sim/index.ts";
import { decodeArchive } from "../../src/tanks/archive/archive-file.ts";
import { inProcessReplay } from "../../src/tanks/replay/in-process-replay.ts";
import { ReplayExecutor } from "../../src/tanks/replay/replay-executor.ts";
import { createReplayService, type ReplayService } from "../../src/tanks/replay/replay-service.ts";
import type { FromReplay, ReplayThread, ToReplay } from "../../src/tanks/replay/replay-thread.ts";
import { unpackState } from "../../src/tanks/snapshots/state-packing.ts";
import { refusal } from "./harness.ts";
import { chronicleIn, digestAt, livedPast, type Past } from "./past.ts";

const KEY = "00000000000000f0";
const lived = await livedPast();

interface AskedService {
  readonly service: ReplayService;
  /** Threads that were started, and orders that they got. */
  readonly started: ReplayThread[];
  readonly posted: ToReplay[];
  readonly ports: ReturnType<Past["bench"]["host"]["boot"]>;
}

function serviceOf({ bench }: Past): AskedService {
  const ports = bench.host.boot();
  const { clock, timers } = ports;
  const controls = { paused: false, tickRate: 30, fastForwardTo: undefined };
  const source = { journal: bench.store.journal, files: bench.host.disk };
  const started: ReplayThread[] = [];
  const posted: ToReplay[] = [];
  const spawnReplay = () => {
    const travel = { clock, timers, engineVersion: ENGINE_VERSION, controls };
    const thread = inProcessReplay(new ReplayExecutor(source, travel));
    started.push(thread);
    return {
      ...thread,
      post: (message: ToReplay) => {
        posted.push(message);
        thread.post(message);
      },
    };
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const service = createReplayService({ spawnReplay, timers, clock, log, version: "1.2.3" });
  return { service, started, posted, ports };
}

/** Runs a test with a replay service of this past, on a machine that is freed afterwards. */
async function looking<T>(past: Past, work: (asked: AskedService) => Promise<T>): Promise<T> {
  const asked = serviceOf(past);
  try {
    return await past.bench.settle(work(asked));
  } finally {
    past.bench.kill();
  }
}

describe("the past of a tank", () => {
  test("has a window, with the states whose digests are known", async () => {
    const { row } = lived;
    const chronicle = await chronicleIn(lived);
    const window = await looking(lived, ({ service }) => service.window(row.tank_id));
    const { tick } = window.to;
    expect(window).toMatchObject({
      epoch: 1,
      from: { seq: 0, tick: 0 },
      whole: true,
      notes: [
        `the past reaches back to tick 0: ${tick.toLocaleString("en")} ticks, ` +
          `${Math.floor(tick / 30)} s at 30 a second; it was created there`,
      ],
    });
    expect(window.to.tick).toBe(chronicle.snapshots.at(-1)?.tick ?? -1);
    expect(window.snapshots.map(({ digest }) => digest)).toEqual(
      chronicle.snapshots.map(({ digest }) => digest),
    );
    expect(window.marks[0]).toMatchObject({ seq: 1, tick: 0 });
  });

  test("that is trimmed says how far it reaches", async () => {
    const trimmed = await livedPast({ logRetention: "trim" });
    const window = await looking(trimmed, ({ service }) => service.window(trimmed.row.tank_id));
    expect(window.whole).toBe(false);
    expect(window.notes[0]).toEndWith("; older past is not kept (see --past-per-tank)");
    expect(window.from.tick).toBeGreaterThan(0);
    expect(window.notes).toEqual([
      expect.stringMatching(
        /^the past reaches back to tick [\d,]+: [\d,]+ ticks, \d+ s at 30 a second; older past/,
      ),
    ]);
  });

  test("is looked at in any order; forward it goes on from the last look", async () => {
    const { row } = lived;
    await looking(lived, async ({ service, started }) => {
      for (const tick of [600, 610, 640, 40, 41, 640]) {
        const look = await service.look(row.tank_id, tick);
        expect(look).toMatchObject({ tick, epoch: 1, digest: digestAt(lived, tick) });
        expect(look.scene.tick).toBe(tick);
        expect(look.scene.fish.length).toBe(look.stats.alive);
        expect(look.looks.map(({ plant_id }) => plant_id)).toEqual(
          look.scene.plants.map(({ plant_id }) => plant_id),
        );
      }
      expect(started.length).toBe(1);
    });
  });

  test("is not replayed again from its beginning by who goes forward", async () => {
    const { bench, row } = lived;
    let reads = 0;
    const files = new Proxy(bench.host.disk, {
      get: (disk, key) => {
        if (key === "read") reads++;
        const member: unknown = Reflect.get(disk, key, disk);
        return typeof member === "function" ? member.bind(disk) : member;
      },
    });
    const controls = { paused: false, tickRate: 30, fastForwardTo: undefined };
    const executor = new ReplayExecutor(
      { journal: bench.store.journal, files },
      { ...portsOf(lived), engineVersion: ENGINE_VERSION, controls },
    );
    const { signal } = new AbortController();
    const look = (tick: number) =>
      bench.settle(executor.carryOut({ kind: "look", tank: row.tank_id, tick }, signal));
    const { snapshots } = await chronicleIn(lived);
    const at = snapshots.at(-2)?.tick ?? 0;
    for (const ahead of [0, 1, 5, 6]) await look(at + ahead);
    expect(reads).toBe(1);
    // Back, there is no way but from a snapshot.
    await look(at + 2);
    expect(reads).toBe(2);
  });

  test("has no ticks that nobody promised, and belongs to tanks that are there", async () => {
    const { row } = lived;
    await looking(lived, async ({ service }) => {
      const { to } = await service.window(row.tank_id);
      expect(await refusal(service.look(row.tank_id, to.tick + 1))).toBe("outside_history");
      expect(await refusal(service.look("nobody", 1))).toBe("unknown_tank");
      expect((await service.look(row.tank_id, to.tick)).tick).toBe(to.tick);
    });
  });

  test("grows while the tank lives on, and shrinks when its log is trimmed", async () => {
    const past = await livedPast({ logRetention: "trim" });
    const { bench, row } = past;
    const tanks = await bench.start({ logRetention: "trim" });
    const controls = { paused: false, tickRate: 30, fastForwardTo: undefined };
    const executor = new ReplayExecutor(
      { journal: bench.store.journal, files: bench.host.disk },
      { ...portsOf(past), engineVersion: ENGINE_VERSION, controls },
    );
    const { signal } = new AbortController();
    const windowNow = async () => {
      const answer = await executor.carryOut({ kind: "window", tank: row.tank_id }, signal);
      if (answer.kind !== "window") throw new Error("no window");
      return answer;
    };
    const before = await windowNow();
    await bench.settle(
      executor.carryOut({ kind: "look", tank: row.tank_id, tick: before.to.tick }, signal),
    );
    for (let round = 0; round < 6; round++) {
      await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
      await bench.run(4_000);
    }
    const after = await windowNow();
    expect(after.from.tick).toBeGreaterThan(before.from.tick);
    expect(after.to.tick).toBeGreaterThan(before.to.tick);
    const tick = after.to.tick;
    const look = await bench.settle(
      executor.carryOut({ kind: "look", tank: row.tank_id, tick }, signal),
    );
    expect(look).toMatchObject({ tick, digest: digestAt(past, tick) });
    await bench.settle(tanks.stop());
    bench.kill();
  });
});

describe("the replay service", () => {
  test("is started by the first question and ended when nobody asks", async () => {
    const { bench, row } = lived;
    const asked = serviceOf(lived);
    expect(asked.started.length).toBe(0);
    await bench.settle(asked.service.window(row.tank_id));
    await bench.run(60_000);
    await bench.settle(asked.service.window(row.tank_id));
    expect(asked.started.length).toBe(2);
    bench.kill();
  });

  test("has one order at a time; a few wait, more are refused", async () => {
    const { row } = lived;
    await looking(lived, async ({ service, posted }) => {
      const asked = Array.from({ length: LIMITS.replayRequestsMax + 3 }, (_, index) =>
        refusal(service.look(row.tank_id, 500 - index)),
      );
      expect(posted.length).toBe(1);
      const answers = await Promise.all(asked);
      expect(answers.filter((answer) => answer === "too_many").length).toBe(2);
      expect(answers.filter((answer) => answer === "resolved").length).toBe(
        LIMITS.replayRequestsMax + 1,
      );
    });
  });

  test("stops working on what nobody waits for", async () => {
    const { row } = lived;
    await looking(lived, async ({ service, posted }) => {
      const [first, second] = [new AbortController(), new AbortController()];
      const running = refusal(service.look(row.tank_id, 900, first.signal));
      const waiting = refusal(service.look(row.tank_id, 901, second.signal));
      second.abort();
      first.abort();
      expect(await waiting).toBe("not_ready");
      expect(await running).not.toBe("resolved");
      expect(posted.map(({ kind }) => kind)).toEqual(["order", "cancel"]);
      expect((await service.look(row.tank_id, 10)).tick).toBe(10);
    });
  });

  test("that dies refuses who waits for it; the next one asks a new one", async () => {
    let say: (message: FromReplay) => void = () => {};
    let spawned = 0;
    const ports = lived.bench.host.boot();
    const service = createReplayService({
      spawnReplay: () => {
        spawned++;
        return {
          post: () => {},
          onMessage: (handler) => {
            say = handler;
          },
          stop: async () => {},
        };
      },
      ...ports,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      version: "1",
    });
    const asked = refusal(service.window("a"));
    const next = refusal(service.window("b"));
    say({ kind: "thread_failed", message: "out of memory" });
    expect(await asked).toBe("not_ready");
    expect(spawned).toBe(2);
    await service.stop();
    expect(await next).toBe("not_ready");
    expect(await refusal(service.window("a"))).toBe("not_ready");
    lived.bench.kill();
  });
});

describe("a tank in one file", () => {
  test("is packed up to its last commit, and forked from there", async () => {
    const { row } = lived;
    await looking(lived, async ({ service }) => {
      const packed = await service.pack(row.tank_id);
      const decoded = decodeArchive(packed.bytes);
      if (decoded.kind === "bad") throw new Error(decoded.detail);
      expect(decoded.archive).toMatchObject({ row, programVersion: "1.2.3" });
      const end = packed.to.tick;
      const forked = await service.fork(packed.bytes, KEY);
      expect(forked).toMatchObject({ name: "pond", seed: 11, fish: 30 });
      expect(forked.original).toMatchObject({
        tank_id: row.tank_id,
        tick: end,
        digest: digestAt(lived, end),
      });
      expect(forked.state).toMatchObject({ seq: 1, tick: end, controls: { tickRate: 23 } });
      const world = loadTank(unpackState(forked.state.packed));
      expect(world.spec.tankKey).toBe(KEY);
      expect(statsOf(world).ledger.founded).toBe(statsOf(world).alive);
    });
  });

  test("that is damaged or differs from itself is refused, and the next is not", async () => {
    const { row } = lived;
    await looking(lived, async ({ service }) => {
      const { bytes } = await service.pack(row.tank_id);
      const cut = bytes.slice(0, -1);
      expect(await refusal(service.fork(cut, KEY))).toBe("bad_archive");
      expect(await refusal(service.fork(new Uint8Array(), KEY))).toBe("bad_archive");
      expect((await service.fork(bytes, KEY)).kind).toBe("fork");
    });
  });
});

/** Ports of the machine as it runs, for an executor beside the node. */
function portsOf({ bench }: Past) {
  return {
    clock: { wallMs: () => bench.world.nowMs, monotonicMs: () => bench.world.nowMs },
    timers: {
      after: (delayMs: number, task: () => void) => bench.world.schedule(delayMs, "executor", task),
    },
  };
}
