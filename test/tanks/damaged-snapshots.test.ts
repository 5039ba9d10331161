import { describe, expect, test } from "bun:test";
import type { SnapshotRow, TankRow } from "../../src/store/rows.ts";
import { withCommit } from "../../src/store/with-commit.ts";
import { Bench, NO_SNAPSHOTS } from "./harness.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 20 };
const OFTEN = { ...NO_SNAPSHOTS, ticksMax: 100 };
const FEED = { kind: "feed", portions: 1 } as const;

/** A killed tank with two snapshots, the newer of which reaches beyond its last command. */
async function snapshotsPastTheLog(): Promise<{
  bench: Bench;
  row: TankRow;
  last: number;
  newest: SnapshotRow;
}> {
  const bench = new Bench({ snapshots: OFTEN });
  const tanks = await bench.start();
  const { row } = await bench.settle(tanks.create(REEF));
  let last = 0;
  for (let i = 0; i < 3; i++) {
    await bench.run(4000);
    last = (await bench.settle(tanks.submit(row.tank_id, FEED))).seq;
  }
  await bench.run(3000);
  bench.kill();
  const [newest, older] = await bench.store.journal.snapshots(row.tank_id);
  if (!newest || !older) throw new Error("there are two snapshots");
  return { bench, row, last, newest };
}

describe("a damaged snapshot that a recovery has passed over", () => {
  test("is not the one to fall back to the next time", async () => {
    const { bench, row, newest } = await snapshotsPastTheLog();
    bench.host.disk.damage(newest.file, 200);
    const tanks = await bench.start();
    await bench.settle(tanks.submit(row.tank_id, FEED));
    await bench.settle(tanks.stop());
    bench.kill();
    const [last] = await bench.store.journal.snapshots(row.tank_id);
    bench.host.disk.damage(last?.file ?? "", 200);
    const report = await bench.settle(bench.boot().start());
    expect(report.tanks).toMatchObject([{ status: "recovered", seq: last?.seq }]);
    expect(report.tanks[0]?.warnings).toHaveLength(1);
  });

  test("still says how far the tank had come: it is back at that very state", async () => {
    const { bench, row, last, newest } = await snapshotsPastTheLog();
    bench.host.disk.damage(newest.file, 200);
    const report = await bench.settle(bench.boot().start());
    expect(report.tanks).toMatchObject([{ status: "recovered", seq: last, tick: newest.tick }]);
    expect(bench.loaded?.digest).toBe(newest.digest);
    expect(report.tanks[0]?.row.tank_id).toBe(row.tank_id);
  });

  test("whose row is nonsense sends no tank into the far future", async () => {
    const { bench, last, newest } = await snapshotsPastTheLog();
    await bench.store.journal.commit([
      { put: "snapshot", row: { ...newest, tick: Number.MAX_SAFE_INTEGER } },
    ]);
    const report = await bench.settle(bench.boot().start());
    expect(report.tanks).toMatchObject([{ status: "recovered", seq: last }]);
    expect(report.tanks[0]?.warnings).toHaveLength(1);
  });

  test("does not come back: the tank has lived on from there", async () => {
    const { bench, row, last, newest } = await snapshotsPastTheLog();
    bench.host.disk.damage(newest.file, 200);
    const tanks = await bench.start();
    const fed = await bench.settle(tanks.submit(row.tank_id, FEED));
    expect(fed.seq).toBe(last + 1);
    bench.kill();
    // As from a backup, or from a disk that was only badly seated.
    bench.host.disk.damage(newest.file, 200);
    const again = bench.boot();
    const report = await bench.settle(again.start());
    expect(report.tanks).toMatchObject([{ status: "recovered", seq: fed.seq, tick: fed.tick }]);
  });

  test("is written anew when the tank stands where it stood", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.settle(tanks.submit(row.tank_id, { kind: "pause" }));
    await bench.settle(tanks.stop());
    bench.kill();
    const [only] = await bench.store.journal.snapshots(row.tank_id);
    bench.host.disk.damage(only?.file ?? "", 200);
    const again = await bench.start();
    await bench.settle(again.stop());
    bench.kill();
    const report = await bench.settle(bench.boot().start());
    expect(report.tanks).toMatchObject([{ snapshotSeq: only?.seq, warnings: [] }]);
  });

  test("holds the tank while the storage does not let it go", async () => {
    const { bench, row, last, newest } = await snapshotsPastTheLog();
    bench.host.disk.damage(newest.file, 200);
    bench.store.setFault("disk full");
    const tanks = await bench.start();
    expect(tanks.get(row.tank_id)).toMatchObject({ status: "stopped", reason: "disk full" });
    expect(tanks.storageFault).toBe("disk full");
    bench.store.setFault(undefined);
    await bench.run(5000);
    expect(tanks.get(row.tank_id)?.status).toBe("running");
    expect((await bench.settle(tanks.submit(row.tank_id, FEED))).seq).toBe(last + 1);
  });
});

test("sweeping after a recovery leaves the file of a snapshot that is being written", async () => {
  const bench = new Bench();
  const tanks = await bench.start();
  const { row } = await bench.settle(tanks.create(REEF));
  await bench.run(1000);
  bench.kill();
  const { disk } = bench.host;
  const slowly = async <T>(ms: number, work: () => Promise<T>) => {
    await bench.world.sleep(ms, "slow disk");
    return work();
  };
  const files = {
    read: (path: string) => disk.read(path),
    remove: (path: string) => disk.remove(path),
    writeDurably: (path: string, bytes: Uint8Array) => disk.writeDurably(path, bytes),
    folders: (folder: string) => disk.folders(folder),
    removeFolder: (path: string) => disk.removeFolder(path),
    list: (folder: string) => slowly(20, () => disk.list(folder)),
  };
  const again = bench.boot({ files }, (journal) =>
    withCommit(journal, (writes) => slowly(100, () => journal.commit(writes))),
  );
  await bench.settle(again.start());
  await bench.settle(again.stop());
  const [snapshot] = await bench.store.journal.snapshots(row.tank_id);
  expect(await disk.read(snapshot?.file ?? "none")).toBeDefined();
});

describe("a snapshot that the disk does not give", () => {
  test("is passed over with a warning, and does not come back", async () => {
    const { bench, row, last, newest } = await snapshotsPastTheLog();
    bench.host.disk.unreadable.add(newest.file);
    const tanks = bench.boot();
    const report = await bench.settle(tanks.start());
    expect(report.tanks).toMatchObject([{ status: "recovered", seq: last }]);
    expect(report.tanks[0]?.warnings).toEqual([
      `snapshot at entry ${newest.seq}, tick ${newest.tick}, cannot be read: ` +
        `cannot read ${newest.file}`,
    ]);
    const fed = await bench.settle(tanks.submit(row.tank_id, FEED));
    bench.kill();
    bench.host.disk.unreadable.clear();
    const again = await bench.settle(bench.boot().start());
    expect(again.tanks).toMatchObject([{ status: "recovered", seq: fed.seq, tick: fed.tick }]);
  });

  test("stops its tank if no other is left, until it can be read, and loses nothing", async () => {
    const { bench, row, last } = await snapshotsPastTheLog();
    const snapshots = await bench.store.journal.snapshots(row.tank_id);
    for (const { file } of snapshots) bench.host.disk.unreadable.add(file);
    const tanks = bench.boot();
    const report = await bench.settle(tanks.start());
    expect(report.tanks).toMatchObject([{ status: "stopped" }]);
    await bench.run(300_000);
    expect(await bench.store.journal.snapshots(row.tank_id)).toEqual(snapshots);
    expect(bench.said("tank stopped")).toHaveLength(1);
    bench.host.disk.unreadable.clear();
    await bench.run(61_000);
    expect(tanks.get(row.tank_id)?.status).toBe("running");
    expect(tanks.get(row.tank_id)?.seq).toBeGreaterThanOrEqual(last);
    expect(bench.loaded?.digest).toBe(snapshots[0]?.digest ?? "");
  });
});

test("a tank whose log cannot be read for a while comes back by itself", async () => {
  const bench = new Bench();
  const first = await bench.start();
  const { row } = await bench.settle(first.create(REEF));
  bench.kill();
  let broken = true;
  const tanks = bench.boot({}, (journal) => ({
    ...withCommit(journal, (writes) => journal.commit(writes)),
    log: async (tankId, afterSeq) => {
      if (broken) throw new Error("the disk does not answer");
      return journal.log(tankId, afterSeq);
    },
  }));
  await bench.settle(tanks.start());
  expect(tanks.get(row.tank_id)).toMatchObject({ status: "stopped" });
  broken = false;
  await bench.run(3000);
  expect(tanks.get(row.tank_id)?.status).toBe("running");
});
