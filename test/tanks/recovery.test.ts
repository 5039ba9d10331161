import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Command } from "../../src/sim/types.ts";
import type { TankRow } from "../../src/store/rows.ts";
import type { TankService } from "../../src/tanks/service.ts";
import type { Tanks } from "../../src/tanks/tanks.ts";
import { Bench, NO_SNAPSHOTS, refusal } from "./harness.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 20 };
const CAVE = { name: "cave", description: "", seed: 8, fish: 10 };

async function twoSnapshots(bench: Bench) {
  const tanks = await bench.start();
  const { row } = await bench.settle(tanks.create(REEF));
  let last = 0;
  for (let i = 0; i < 3; i++) {
    await bench.run(4000);
    const stamped = await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
    last = stamped.seq;
  }
  bench.kill();
  return { row, last, before: await bench.store.journal.snapshots(row.tank_id) };
}

describe("a killed node", () => {
  test("comes back with every acknowledged command, bit by bit", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.run(2000);
    await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 5 }));
    await bench.run(1000);
    const last = await bench.settle(tanks.submit(row.tank_id, { kind: "spawn", fish: 4 }));
    bench.kill();

    const again = bench.boot();
    const report = await bench.settle(again.start());
    expect(report.tanks).toMatchObject([
      {
        row,
        status: "recovered",
        snapshotSeq: undefined,
        replayedCommands: 2,
        replayedTicks: last.tick,
        seq: last.seq,
        tick: last.tick,
        warnings: [],
      },
    ]);
    expect(again.get(row.tank_id)).toMatchObject({ seq: last.seq, durableSeq: last.seq });
    expect(bench.loaded?.digest).toBe(bench.replayedDigest(row));
  });

  test("comes back paused, at the rate that was set, when that was acknowledged", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.settle(tanks.submit(row.tank_id, { kind: "set_tick_rate", ticksPerSecond: 10 }));
    await bench.settle(tanks.submit(row.tank_id, { kind: "pause" }));
    bench.kill();
    const again = await bench.start();
    expect(again.get(row.tank_id)).toMatchObject({ status: "paused", tickRate: 10 });
    await bench.settle(again.stop());
    bench.kill();
    // And once more, from the snapshot.
    const third = await bench.start();
    expect(third.get(row.tank_id)).toMatchObject({ status: "paused", tickRate: 10 });
  });

  test("loses a command that was not durable, and gives its number again", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    bench.world.hooks = {
      beforeCall: (_, port, method) => {
        if (port === "journal" && method === "commit") bench.kill();
      },
    };
    void tanks.submit(row.tank_id, { kind: "spawn", fish: 3 });
    await bench.run(1000);
    bench.world.hooks = {};
    const again = await bench.start();
    expect(again.get(row.tank_id)).toMatchObject({ seq: 1, stats: { alive: 20 } });
    const next = await bench.settle(again.submit(row.tank_id, { kind: "feed", portions: 1 }));
    expect(next.seq).toBe(2);
  });
});

describe("a clean stop", () => {
  test("ends in a snapshot from which nothing is replayed", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.run(1500);
    await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 5 }));
    await bench.run(700);
    await bench.settle(tanks.stop());
    expect(await refusal(tanks.submit(row.tank_id, { kind: "pause" }))).toBe("not_ready");
    bench.kill();
    const again = bench.boot();
    const report = await bench.settle(again.start());
    const [snapshot] = await bench.store.journal.snapshots(row.tank_id);
    expect(report.tanks).toMatchObject([
      { status: "recovered", snapshotSeq: 2, replayedCommands: 0, replayedTicks: 0, seq: 2 },
    ]);
    expect(again.get(row.tank_id)?.stats.tick).toBe(snapshot?.tick as number);
    expect(await bench.snapshotDigest(row)).toBe(snapshot?.digest as string);
  });

  test("of a tank that has not moved writes no second snapshot", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.settle(tanks.submit(row.tank_id, { kind: "pause" }));
    await bench.settle(tanks.stop());
    bench.kill();
    const before = await bench.store.journal.snapshots(row.tank_id);
    const again = await bench.start();
    await bench.settle(again.stop());
    expect(await bench.store.journal.snapshots(row.tank_id)).toEqual(before);
  });
});

describe("snapshots", () => {
  const OFTEN = { ...NO_SNAPSHOTS, ticksMax: 100 };

  test("are taken while the tank runs; two are kept, with the log after the older", async () => {
    const bench = new Bench({ snapshots: OFTEN });
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    for (let i = 0; i < 6; i++) {
      await bench.run(4000);
      await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
    }
    const kept = await bench.store.journal.snapshots(row.tank_id);
    expect(kept).toHaveLength(2);
    const files = await bench.host.disk.list(`snapshots/${row.tank_id}`);
    expect(files.map((name) => `snapshots/${row.tank_id}/${name}`).sort()).toEqual(
      kept.map((one) => one.file).sort(),
    );
    const log = await bench.store.journal.log(row.tank_id, 0);
    expect(log[0]?.seq).toBe((kept[1]?.seq ?? 0) + 1);
    const last = tanks.get(row.tank_id);
    bench.kill();
    const again = await bench.start();
    expect(again.get(row.tank_id)?.seq).toBe(last?.seq as number);
  });

  test("are not taken of a paused tank", async () => {
    const bench = new Bench({ snapshots: OFTEN });
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.settle(tanks.submit(row.tank_id, { kind: "pause" }));
    await bench.run(120_000);
    expect(await bench.store.journal.snapshots(row.tank_id)).toEqual([]);
  });

  test("damaged by a flipped bit fall back to the one before, and say so", async () => {
    const bench = new Bench({ snapshots: OFTEN });
    const { row, before, last } = await twoSnapshots(bench);
    bench.host.disk.damage(before[0]?.file ?? "", 200);
    const again = bench.boot();
    const report = await bench.settle(again.start());
    expect(report.tanks[0]).toMatchObject({
      status: "recovered",
      snapshotSeq: before[1]?.seq,
      seq: last,
    });
    expect(report.tanks[0]?.warnings[0]).toContain("does not match its checksum");
    expect(bench.said("tank recovers past damage")).toHaveLength(1);
    expect(again.get(row.tank_id)?.status).toBe("running");
  });

  test("all lost stop the tank, whose log no longer reaches back; the others run on", async () => {
    const bench = new Bench({ snapshots: OFTEN });
    const { row, before } = await twoSnapshots(bench);
    for (const { file } of before) await bench.host.disk.remove(file);
    const again = bench.boot();
    const report = await bench.settle(again.start());
    expect(report.tanks[0]).toMatchObject({ status: "stopped" });
    expect(again.get(row.tank_id)).toMatchObject({
      status: "stopped",
      reason: expect.stringContaining("does not reach back to its creation"),
    });
    expect(await refusal(again.submit(row.tank_id, { kind: "pause" }))).toBe("not_ready");
    const cave = await bench.settle(again.create(CAVE));
    expect(cave.status).toBe("running");
  });

  test("damaged while the log still reaches back give way to the spec", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.run(1000);
    const last = await bench.settle(tanks.submit(row.tank_id, { kind: "spawn", fish: 2 }));
    await bench.settle(tanks.stop());
    bench.kill();
    const [only] = await bench.store.journal.snapshots(row.tank_id);
    bench.host.disk.damage(only?.file ?? "", 0);
    const again = bench.boot();
    const report = await bench.settle(again.start());
    expect(report.tanks[0]).toMatchObject({
      status: "recovered",
      snapshotSeq: undefined,
      replayedCommands: 1,
      tick: last.tick,
    });
    expect(report.tanks[0]?.warnings).toHaveLength(1);
  });

  test("whose row was not committed are swept away", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    bench.kill();
    const path = `snapshots/${row.tank_id}/99-99.snapshot`;
    await bench.host.disk.writeDurably(path, new Uint8Array(3));
    await bench.start();
    await bench.run(100);
    expect(await bench.host.disk.read(path)).toBeUndefined();
  });
});

describe("a log that does not hold", () => {
  test.each([
    ["a changed entry", "entry 3 of the log does not match its checksum"],
    ["a missing entry", "the log has no entry 3; 4 follows 2"],
    ["another engine", "was written by engine 9, this is engine"],
  ])("with %s stops that tank only", async (damage, message) => {
    const bench = new Bench();
    const engineVersion = damage === "another engine" ? 9 : undefined;
    const tanks = await bench.start(engineVersion ? { engineVersion } : {});
    const { row } = await bench.settle(tanks.create(REEF));
    for (let i = 0; i < 4; i++) {
      await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
    }
    const rows = await bench.store.journal.log(row.tank_id, 0);
    bench.kill();
    if (!engineVersion) {
      const kept = rows
        .filter((entry) => damage === "a changed entry" || entry.seq !== 3)
        .map((entry) => (entry.seq === 3 ? { ...entry, tick: entry.tick + 1 } : entry));
      await bench.store.journal.commit([
        { remove: "log", tank_id: row.tank_id, up_to_seq: rows.length },
        ...kept.map((entry) => ({ put: "log", row: entry }) as const),
      ]);
    }
    const again = bench.boot();
    const report = await bench.settle(again.start());
    expect(report.tanks).toMatchObject([
      { status: "stopped", reason: expect.stringContaining(message) },
    ]);
    expect(bench.said("tank stopped")).toHaveLength(1);
    const cave = await bench.settle(again.create(CAVE));
    await bench.run(1000);
    expect(again.get(cave.row.tank_id)?.stats.tick).toBeGreaterThan(20);
    expect(again.get(row.tank_id)?.status).toBe("stopped");
  });

  test("and a replay that reaches another digest stops the tank", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.run(40_000);
    bench.kill();
    // Another seed makes another world from the same log; the chain itself is whole.
    await bench.store.journal.commit([{ put: "tank", row: { ...row, seed: row.seed + 1 } }]);
    const again = bench.boot();
    const report = await bench.settle(again.start());
    expect(report.tanks).toMatchObject([
      {
        status: "stopped",
        reason: expect.stringContaining("replay differs from its log at entry 1"),
      },
    ]);
  });
});

test("killed at any instant, a tank returns to its last committed entry, bit by bit", async () => {
  const commands = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("feed" as const), portions: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constant("spawn" as const), fish: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant("pause" as const) }),
      fc.record({ kind: fc.constant("resume" as const) }),
      fc.record({
        kind: fc.constant("fast_forward" as const),
        ticks: fc.integer({ min: 1, max: 300 }),
      }),
      fc.record({ kind: fc.constant("export" as const) }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({ kind: fc.constant("kill" as const), atCall: fc.integer({ min: 1, max: 6 }) }),
      fc.record({
        kind: fc.constant("die_in_recovery" as const),
        atCall: fc.integer({ min: 1, max: 8 }),
      }),
      fc.record({ kind: fc.constant("stop" as const) }),
    ),
    { minLength: 1, maxLength: 14 },
  );
  const seeds = fc.integer({ min: 1, max: 2 ** 31 });
  await fc.assert(fc.asyncProperty(seeds, fc.boolean(), commands, survives), { numRuns: 200 });
}, 60_000);

type Input =
  | Exclude<Command, { kind: "export" | "import" | "restore" | "set_tick_rate" }>
  | { readonly kind: "export" };
type Act =
  | Input
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "kill"; readonly atCall: number }
  | { readonly kind: "die_in_recovery"; readonly atCall: number }
  | { readonly kind: "stop" };

async function survives(seed: number, keepsMemory: boolean, acts: readonly Act[]): Promise<void> {
  const bench = new Bench({ seed, keepsMemory, snapshots: { ...NO_SNAPSHOTS, ticksMax: 40 } });
  let tanks = await bench.start();
  const { row } = await bench.settle(tanks.create({ ...REEF, seed }));
  let acknowledged = 1;
  for (const act of acts) {
    if (act.kind === "wait") await bench.run(act.ms);
    else if (act.kind === "stop") await stopOrDie(bench, tanks);
    else if (act.kind === "die_in_recovery") await dieInRecovery(bench, act.atCall);
    else if (act.kind === "kill") killAtCall(bench, act.atCall);
    else {
      void submit(tanks, row.tank_id, act).then((seq) => {
        acknowledged = Math.max(acknowledged, seq);
      });
      await bench.run(100);
    }
    if (bench.host.process) continue;
    bench.world.hooks = {};
    tanks = await bench.start();
    check(bench, row, acknowledged);
  }
  bench.kill();
  bench.world.hooks = {};
  tanks = await bench.start();
  check(bench, row, acknowledged);
}

/** A node may also be killed while it stops. */
async function stopOrDie(bench: Bench, tanks: TankService): Promise<void> {
  void tanks.stop();
  await bench.run(5000);
  bench.kill();
}

/** Kills the node, and the next one while it recovers. */
async function dieInRecovery(bench: Bench, atCall: number): Promise<void> {
  bench.kill();
  const tanks = bench.boot();
  killAtCall(bench, atCall);
  void tanks.start();
  await bench.run(1000);
  bench.kill();
}

/** The seq that was acknowledged; never settles when the node dies before that. */
async function submit(tanks: Tanks, tankId: string, act: Input): Promise<number> {
  const command = act.kind === "export" ? await exportOne(tanks, tankId) : act;
  return command ? (await tanks.submit(tankId, command)).seq : 0;
}

async function exportOne(tanks: Tanks, tankId: string): Promise<Command | undefined> {
  const entityId = await tanks.pickMigrant(tankId);
  return entityId === undefined ? undefined : { kind: "export", entityId, side: "left" };
}

/** `kill -9` before or after the effect of a port call, a few calls from now. */
function killAtCall(bench: Bench, atCall: number): void {
  let calls = 0;
  const count = () => {
    if (++calls === atCall) bench.kill();
  };
  bench.world.hooks = { beforeCall: count, afterCall: count };
}

function check(bench: Bench, row: TankRow, acknowledged: number): void {
  const { loaded } = bench;
  const last = bench.committed.at(-1);
  expect(bench.committed.map((entry) => entry.seq)).toEqual(
    bench.committed.map((_, index) => index + 1),
  );
  expect(last?.seq).toBeGreaterThanOrEqual(acknowledged);
  expect(loaded?.report.seq).toBe(last?.seq as number);
  const tick = loaded?.report.stats.tick ?? -1;
  expect(tick).toBeGreaterThanOrEqual(last?.tick as number);
  expect(loaded?.digest).toBe(bench.replayedDigest(row, tick));
}
