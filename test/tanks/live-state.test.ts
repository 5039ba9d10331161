import { describe, expect, test } from "bun:test";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { createTank, digest, heap, openTank, step } from "../../src/sim/index.ts";
import type { Command } from "../../src/sim/types.ts";
import { JournalConflict } from "../../src/store/journal.ts";
import { withCommit } from "../../src/store/with-commit.ts";
import { LeftStates } from "../../src/tanks/left-states.ts";
import type { HostedTank } from "../../src/tanks/tanks.ts";
import { placeIn, TRAILER_BYTES, Trailer } from "../../src/tanks/thread/live-trailer.ts";
import type { LoadTank } from "../../src/tanks/thread/simulation.ts";
import { SimulationLoop } from "../../src/tanks/thread/simulation-loop.ts";
import { ANYBODY, Bench, NO_SNAPSHOTS, plainControls, refusal } from "./harness.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 20 };

/** A node with a tank that has lived and been fed, just killed. */
async function killed(bench: Bench): Promise<HostedTank> {
  const tanks = await bench.start();
  const { row } = await bench.settle(tanks.create(REEF));
  await bench.run(2000);
  await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 5 }));
  await bench.run(3000);
  const last = tanks.get(row.tank_id);
  bench.kill();
  if (!last) throw new Error("it was there");
  return last;
}

/** Starts the next process and returns the only tank's recovery. */
async function recover(bench: Bench) {
  const tanks = bench.boot();
  const { tanks: recoveries } = await bench.settle(tanks.start());
  return { tanks, recovery: recoveries[0] };
}

const kept = () => new Bench({ keepsMemory: true });

function memoryOf(bench: Bench, { row }: HostedTank): ArrayBuffer {
  const memory = bench.host.sharedMemory.open(row.tank_id);
  if (!memory) throw new Error("it has no shared memory");
  return memory;
}

describe("a tank whose memory outlives the process", () => {
  test("goes on from the very tick, without a replay", async () => {
    const bench = kept();
    const last = await killed(bench);
    const { recovery } = await recover(bench);
    expect(recovery).toMatchObject({
      status: "recovered",
      fromMemory: true,
      snapshotSeq: undefined,
      replayedTicks: 0,
      replayedCommands: 0,
      seq: last.seq,
      warnings: [],
    });
    const { loaded } = bench;
    expect(loaded?.report.stats.tick).toBeGreaterThanOrEqual(last.stats.tick);
    expect(loaded?.digest).toBe(bench.replayedDigest(last.row, loaded?.report.stats.tick));
  });

  test("takes commands, is killed again and goes on again", async () => {
    const bench = kept();
    const { row } = await killed(bench);
    for (let life = 0; life < 3; life++) {
      const { tanks, recovery } = await recover(bench);
      expect(recovery).toMatchObject({ fromMemory: true, seq: 2 + life });
      await bench.run(500);
      const { seq } = await bench.settle(
        tanks.submit(row.tank_id, { kind: "spawn", fish: 1 + life }),
      );
      expect(seq).toBe(3 + life);
      bench.kill();
    }
    const { recovery } = await recover(bench);
    const { loaded } = bench;
    expect(recovery).toMatchObject({ fromMemory: true, seq: 5 });
    expect(loaded?.digest).toBe(bench.replayedDigest(row, loaded?.report.stats.tick));
  });

  test("keeps its controls, also a fast-forward that was under way", async () => {
    const bench = kept();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const tell = (command: Parameters<typeof tanks.submit>[1]) =>
      bench.settle(tanks.submit(row.tank_id, command));
    await tell({ kind: "set_tick_rate", ticksPerSecond: 10 });
    await tell({ kind: "pause" });
    await tell({ kind: "fast_forward", ticks: 5000 });
    bench.kill();
    const { tanks: again, recovery } = await recover(bench);
    expect(recovery).toMatchObject({ fromMemory: true });
    await bench.run(60_000);
    expect(again.get(row.tank_id)).toMatchObject({
      status: "paused",
      tickRate: 10,
      stats: { tick: 5000 },
    });
  });

  test("gets its next snapshot as if it had been replayed", async () => {
    const bench = new Bench({
      keepsMemory: true,
      snapshots: { ...NO_SNAPSHOTS, ticksMax: 200 },
    });
    const { row } = await killed(bench);
    expect(await bench.store.journal.snapshots(row.tank_id)).toEqual([]);
    const { recovery } = await recover(bench);
    expect(recovery).toMatchObject({ fromMemory: true });
    await bench.run(2500);
    expect(await bench.store.journal.snapshots(row.tank_id)).toHaveLength(1);
  });

  test("is replayed all the same when it is reverted while the node runs", async () => {
    const bench = kept();
    const { row } = await killed(bench);
    let isFull = false;
    const tanks = bench.boot({}, (journal) =>
      withCommit(journal, async (writes) => {
        if (isFull) throw new JournalConflict("no such entry, please");
        await journal.commit(writes);
      }),
    );
    await bench.settle(tanks.start());
    const before = bench.loaded;
    isFull = true;
    const spawn = tanks.submit(row.tank_id, { kind: "spawn", fish: 3 });
    expect(await bench.settle(refusal(spawn))).toBe("conflict");
    isFull = false;
    await bench.run(1000);
    expect(before?.replayedTicks).toBe(0);
    expect(bench.loaded?.load).toBeGreaterThan(before?.load ?? 0);
    expect(bench.loaded?.replayedTicks).toBeGreaterThan(0);
    expect(bench.loaded?.digest).toBe(bench.replayedDigest(row));
  });
});

test("memory that says it is whole is so at each instant, and never while it changes", async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const host = world.addHost({ name: "node" });
  const { clock, timers } = host.boot();
  const spec = { seed: 3, fish: 10, tankKey: "00000000000000aa" };
  const truth = createTank(spec);
  const seen = { whole: 0, changing: 0 };
  const look = () => {
    const memory = host.sharedMemory.open("a")?.slice(0);
    const place = memory && placeIn(memory);
    if (!memory || !place) seen.changing++;
    else {
      seen.whole++;
      while (truth.tick < place.tick) step(truth);
      expect(digest(openTank(spec, memory, heap))).toBe(digest(truth));
    }
    return clock.monotonicMs();
  };
  const ports = { clock: { ...clock, monotonicMs: look }, timers };
  const loop = new SimulationLoop(ports, () => {}, { sharedMemory: host.sharedMemory });
  const load: LoadTank = {
    kind: "load",
    tank: "a",
    load: 1,
    spec,
    live: undefined,
    snapshot: undefined,
    tail: [],
    checksum: "00",
    engineVersion: 1,
    controls: plainControls(),
    frozen: false,
    watched: false,
    uncovered: { ticks: 0, entries: 0 },
    skippedTicks: 0,
  };
  loop.receive(load);
  await world.run(10_000);
  loop.receive({ kind: "ask", tank: "a", load: 1, request: 1, about: "fish" });
  loop.stop();
  expect(truth.tick).toBeGreaterThan(290);
  expect(seen.whole).toBeGreaterThan(30);
  expect(seen.changing).toBeGreaterThan(290);
});

describe("memory that is not what the log says is left aside", () => {
  test("a command in it that was not durable is lost, and its number given again", async () => {
    const bench = kept();
    const { row } = await killedWhileCommitting(bench);
    const { tanks, recovery } = await recover(bench);
    expect(recovery).toMatchObject({ fromMemory: false, seq: 1, warnings: [] });
    expect(tanks.get(row.tank_id)).toMatchObject({ stats: { alive: 20 } });
    const next = await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
    expect(next.seq).toBe(2);
  });

  test("an entry in it whose number another one has got, while an older program ran", async () => {
    const bench = kept();
    const ahead = await killedWhileCommitting(bench);
    const { row } = ahead;
    const stale = memoryOf(bench, ahead).slice(0);
    const older = await recover(bench);
    await bench.settle(older.tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
    bench.kill();
    const memory = bench.host.sharedMemory.create(row.tank_id, stale.byteLength);
    new Uint8Array(memory ?? new ArrayBuffer(0)).set(new Uint8Array(stale));
    const { recovery } = await recover(bench);
    expect(recovery).toMatchObject({ fromMemory: false, seq: 2, warnings: [] });
    expect(bench.loaded?.digest).toBe(bench.replayedDigest(row));
  });

  test("a world that was just being changed", async () => {
    const bench = kept();
    const last = await killed(bench);
    const memory = memoryOf(bench, last);
    new Int32Array(memory, memory.byteLength - TRAILER_BYTES, 1)[0] = 0;
    const { recovery } = await recover(bench);
    expect(recovery).toMatchObject({ fromMemory: false, seq: last.seq, warnings: [] });
    expect(bench.loaded?.digest).toBe(bench.replayedDigest(last.row));
  });

  test("a world that is damaged, which is said", async () => {
    const bench = kept();
    const last = await killed(bench);
    // The energy of the fish.
    new Uint8Array(memoryOf(bench, last)).fill(7, 2000, 40_000);
    const { recovery } = await recover(bench);
    expect(recovery).toMatchObject({ status: "recovered", fromMemory: false, seq: last.seq });
    expect(recovery?.warnings).toEqual([
      "its state in memory is damaged: its state in memory cannot be used",
    ]);
    expect(bench.loaded?.digest).toBe(bench.replayedDigest(last.row));
  });

  test.each([0, 8, 91, 200])("memory of %p bytes", async (bytes) => {
    const bench = kept();
    const last = await killed(bench);
    bench.host.sharedMemory.create(last.row.tank_id, bytes);
    const { recovery } = await recover(bench);
    expect(recovery).toMatchObject({ status: "recovered", fromMemory: false, seq: last.seq });
  });

  test("a log that has lost what was acknowledged stops the tank as ever", async () => {
    const bench = kept();
    const { row } = await killed(bench);
    const [first] = await bench.store.journal.log(row.tank_id, 0);
    await bench.store.journal.commit([
      { remove: "log", tank_id: row.tank_id, up_to_seq: 9 },
      ...(first ? [{ put: "log", row: first } as const] : []),
    ]);
    const { recovery } = await recover(bench);
    expect(recovery?.status).toBe("stopped");
  });
});

describe("shared memory", () => {
  test("of the process before counts once", () => {
    const memory = new ArrayBuffer(800);
    const controls = plainControls();
    const place = { engineVersion: 1, seq: 2, tick: 3, controls, checksum: "0f".repeat(16) };
    new Trailer(memory).park(place);
    const shared = { create: () => undefined, open: () => memory, names: () => [], remove() {} };
    const left = new LeftStates(shared);
    expect(left.take("a")).toEqual(place);
    expect(left.take("a")).toBeUndefined();
  });

  test("without room leaves tanks in the heap, which are replayed", async () => {
    const bench = kept();
    bench.host.sharedMemory.room = 0;
    const last = await killed(bench);
    const { recovery } = await recover(bench);
    expect(recovery).toMatchObject({ fromMemory: false, seq: last.seq, warnings: [] });
  });

  test("is given up with the tank, and by a start that does not know the tank", async () => {
    const bench = kept();
    const tanks = await bench.start();
    const one = await bench.settle(tanks.create(REEF));
    const two = await bench.settle(tanks.create({ ...REEF, name: "cave" }));
    expect(bench.host.sharedMemory.names()).toHaveLength(2);
    await bench.settle(tanks.remove(one.row.tank_id));
    expect(bench.host.sharedMemory.names()).toEqual([two.row.tank_id]);
    bench.host.sharedMemory.create("0123456789abcdef", 800);
    bench.kill();
    await recover(bench);
    expect(bench.host.sharedMemory.names()).toEqual([two.row.tank_id]);
  });

  test("serves a tank that outgrows it", async () => {
    const bench = kept();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create({ ...REEF, fish: 100 }));
    const tell = (command: Command) => bench.settle(tanks.submit(row.tank_id, command));
    await tell({ kind: "pause" });
    const before = bench.host.sharedMemory.open(row.tank_id);
    const [migrant] = await bench.settle(tanks.pickMigrants(row.tank_id, ANYBODY));
    const entityId = migrant?.fishId ?? "";
    const { outcome } = await tell({ kind: "export", entityId, side: "left" });
    await tell({ kind: "spawn", fish: 1 });
    const { record } = outcome as { readonly record: Uint8Array };
    // One that comes back finds room beyond the cap.
    await tell({ kind: "restore", record });
    expect(tanks.get(row.tank_id)).toMatchObject({ seq: 5, stats: { alive: 101 } });
    expect(bench.host.sharedMemory.open(row.tank_id)).not.toBe(before as ArrayBuffer);
    bench.kill();
    const { recovery } = await recover(bench);
    expect(recovery).toMatchObject({ fromMemory: true, seq: 5 });
    expect(bench.loaded?.digest).toBe(bench.replayedDigest(row));
  });
});

/** A node whose tank has applied a command that did not become durable. */
async function killedWhileCommitting(bench: Bench): Promise<HostedTank> {
  const tanks = await bench.start();
  const tank = await bench.settle(tanks.create(REEF));
  bench.world.hooks = {
    beforeCall: (_, port, method) => {
      if (port === "journal" && method === "commit") bench.kill();
    },
  };
  void tanks.submit(tank.row.tank_id, { kind: "spawn", fish: 3 });
  await bench.run(1000);
  bench.world.hooks = {};
  return tank;
}
