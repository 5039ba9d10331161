import { expect, test } from "bun:test";
import { Problem } from "../../src/platform/errors.ts";
import { Bench, NO_SNAPSHOTS, refusal } from "./harness.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 20 };
const COPIED = new Problem("directory_copied", "another node has this id; start with --fork");

test("a fenced node freezes its tanks, writes nothing and still answers", async () => {
  const bench = new Bench({ snapshots: { ...NO_SNAPSHOTS, ticksMax: 40 } });
  const tanks = await bench.start();
  const { row } = await bench.settle(tanks.create(REEF));
  await bench.run(3000);
  tanks.fence(COPIED);
  tanks.fence(new Problem("conflict", "a later reason"));
  expect(tanks.fenceReason).toBe(COPIED);
  expect(tanks.get(row.tank_id)).toMatchObject({ status: "stopped", reason: COPIED.message });
  await bench.run(1000);
  const { stats } = tanks.get(row.tank_id) ?? {};
  const rows = bench.committed.length;
  const snapshots = await bench.store.journal.snapshots(row.tank_id);
  await bench.run(60_000);
  expect(tanks.get(row.tank_id)?.stats).toEqual(stats);
  expect(bench.committed.length).toBe(rows);
  const fed = tanks.submit(row.tank_id, { kind: "feed", portions: 1 });
  expect(await refusal(fed)).toBe("directory_copied");
  expect(await refusal(tanks.create(REEF))).toBe("directory_copied");
  expect(await refusal(tanks.remove(row.tank_id))).toBe("directory_copied");
  expect((await bench.settle(tanks.fish(row.tank_id))).length).toBeGreaterThan(0);
  const seen = await bench.settle(
    new Promise((resolve) => {
      tanks.watch(row.tank_id, resolve);
    }),
  );
  expect(seen).toMatchObject({ tankId: row.tank_id, tick: stats?.tick });
  await bench.settle(tanks.stop());
  expect(await bench.store.journal.snapshots(row.tank_id)).toEqual(snapshots);
});

test("what was accepted before still becomes durable and is answered", async () => {
  const bench = new Bench();
  const tanks = await bench.start();
  const { row } = await bench.settle(tanks.create(REEF));
  const fed = tanks.submit(row.tank_id, { kind: "feed", portions: 1 });
  await Promise.resolve();
  tanks.fence(COPIED);
  expect((await bench.settle(fed)).seq).toBe(2);
  expect(bench.committed.at(-1)?.seq).toBe(2);
});

test("a tank that is recovered during or after the fencing is frozen too", async () => {
  const bench = new Bench();
  const first = await bench.start();
  const { row } = await bench.settle(first.create(REEF));
  bench.kill();
  const before = bench.boot();
  before.fence(COPIED);
  await bench.settle(before.start());
  await bench.run(1000);
  expect(before.get(row.tank_id)).toMatchObject({ status: "stopped", stats: { tick: 0 } });
  expect((await bench.settle(before.fish(row.tank_id))).length).toBe(20);
  bench.say({ kind: "thread_failed", message: "out of memory" });
  await bench.run(5000);
  expect(before.get(row.tank_id)).toMatchObject({ status: "stopped", stats: { tick: 0 } });
  bench.kill();
  const during = bench.boot();
  const started = during.start();
  await Promise.resolve();
  during.fence(COPIED);
  await bench.settle(started);
  await bench.run(1000);
  expect(during.get(row.tank_id)).toMatchObject({ status: "stopped", stats: { tick: 0 } });
});
