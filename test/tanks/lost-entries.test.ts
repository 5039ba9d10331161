import { expect, test } from "bun:test";
import { StorageDamaged } from "../../src/platform/errors.ts";
import { Bench, NO_SNAPSHOTS, refusal } from "./harness.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 20 };
const CAVE = { name: "cave", description: "", seed: 8, fish: 10 };

/** Two tanks, the first fed ten times; then the node is killed. */
async function killed(bench: Bench): Promise<{ reef: string; cave: string; tick: number }> {
  const tanks = await bench.start();
  const reef = await bench.settle(tanks.create(REEF));
  const cave = await bench.settle(tanks.create(CAVE));
  let tick = 0;
  for (let portions = 1; portions <= 10; portions++) {
    await bench.run(100);
    const fed = tanks.submit(reef.row.tank_id, { kind: "feed", portions });
    tick = (await bench.settle(fed)).tick;
  }
  bench.kill();
  return { reef: reef.row.tank_id, cave: cave.row.tank_id, tick };
}

test("a log that lost acknowledged entries stops its tank, names them and what to do", async () => {
  const bench = new Bench();
  const { reef, cave, tick } = await killed(bench);
  bench.store.journal.loseLog(reef, 9);
  const tanks = await bench.start();
  const reason =
    `the database has lost entries 9 to 11 of its log (up to tick ${tick}), which had been ` +
    "acknowledged: restore the data directory from a backup, " +
    "or start with --fork to go on as a new node";
  expect(tanks.get(reef)).toMatchObject({ status: "stopped", reason });
  expect(bench.said("tank stopped")).toMatchObject([{ tank_id: reef, reason }]);
  expect(tanks.get(cave)?.status).toBe("running");
  expect(await refusal(tanks.submit(reef, { kind: "feed", portions: 1 }))).toBe("not_ready");
});

test("one entry is enough", async () => {
  const bench = new Bench();
  const { reef } = await killed(bench);
  bench.store.journal.loseLog(reef, 11);
  const tanks = await bench.start();
  expect(tanks.get(reef)?.reason).toStartWith("the database has lost entry 11 of its log");
});

test("a log that is gone altogether is missed, not taken for that of a new tank", async () => {
  const bench = new Bench();
  const { reef } = await killed(bench);
  bench.store.journal.loseLog(reef, 1);
  const tanks = await bench.start();
  expect(tanks.get(reef)?.reason).toStartWith("the database has lost entries 1 to 11 of its log");
});

test("another entry in the place of the acknowledged one is not it", async () => {
  const bench = new Bench();
  const { reef } = await killed(bench);
  const { journal } = bench.store;
  const mark = await journal.watermark(reef);
  journal.watermark = async () => mark && { ...mark, checksum: "0".repeat(32) };
  const tanks = await bench.start();
  expect(tanks.get(reef)?.reason).toStartWith("entry 11 of its log is not the one that had been");
});

test("what a snapshot holds is not lost with the log before it", async () => {
  const bench = new Bench({ snapshots: { ...NO_SNAPSHOTS, entriesMax: 1 } });
  const { reef } = await killed(bench);
  const [newest] = await bench.store.journal.snapshots(reef);
  expect(newest?.seq).toBe(11);
  bench.store.journal.loseLog(reef, 1);
  const tanks = await bench.start();
  expect(tanks.get(reef)).toMatchObject({ status: "running", seq: 11 });
});

test("a tank of which not even the row is left is named", async () => {
  const bench = new Bench();
  const { reef, cave } = await killed(bench);
  const { journal } = bench.store;
  const marks = await journal.watermarks();
  await journal.commit([{ remove: "tank", tank_id: reef }]);
  journal.watermarks = async () => marks;
  const tanks = await bench.start();
  expect(tanks.list().map((tank) => tank.row.tank_id)).toEqual([cave]);
  expect(bench.said("tank lost")).toMatchObject([{ tank_id: reef, seq: 11 }]);
});

test("a log that cannot be read stops its tank for good, the others run on", async () => {
  const bench = new Bench();
  const { reef, cave } = await killed(bench);
  const { journal } = bench.store;
  const read = journal.log.bind(journal);
  journal.log = async (tankId, afterSeq) => {
    if (tankId === reef) throw new StorageDamaged("the database is damaged (SQLITE_CORRUPT)");
    return read(tankId, afterSeq);
  };
  const tanks = await bench.start();
  expect(tanks.get(reef)?.reason).toBe(
    "its log cannot be read: the database is damaged (SQLITE_CORRUPT)",
  );
  expect(tanks.get(cave)?.status).toBe("running");
});

test("a damaged storage is named once and not tried again, whatever a probe says", async () => {
  const bench = new Bench();
  const tanks = await bench.start();
  const { row } = await bench.settle(tanks.create(REEF));
  const { journal } = bench.store;
  const commit = journal.commit.bind(journal);
  let probes = 0;
  journal.commit = async (writes) => {
    if (writes.some((write) => "put" in write && write.put === "log")) {
      throw new StorageDamaged("the database is damaged (SQLITE_CORRUPT)");
    }
    probes++;
    return commit(writes);
  };
  const fed = refusal(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
  expect(await bench.settle(fed)).toBe("storage_unavailable");
  await bench.run(60_000);
  expect(probes).toBe(0);
  expect(tanks.storageFault).toBe("the database is damaged (SQLITE_CORRUPT)");
  expect(bench.said("storage is damaged")).toHaveLength(1);
  expect(bench.said("storage takes writes again")).toEqual([]);
  expect(tanks.get(row.tank_id)).toMatchObject({
    status: "stopped",
    reason: "the database is damaged (SQLITE_CORRUPT)",
  });
});

test("the snapshots of a tank that the database has forgotten are not removed", async () => {
  const bench = new Bench();
  const before = await bench.start();
  const reef = (await bench.settle(before.create(REEF))).row.tank_id;
  const cave = (await bench.settle(before.create(CAVE))).row.tank_id;
  await bench.run(1000);
  await bench.settle(before.stop());
  bench.kill();
  const { journal } = bench.store;
  const rows = await journal.tanks();
  journal.tanks = async () => rows.filter((row) => row.tank_id !== reef);
  const tanks = await bench.start();
  expect(bench.said("tank lost")).toMatchObject([{ tank_id: reef }]);
  await bench.run(1000);
  const folders = bench.host.process?.files.folders("snapshots") ?? Promise.resolve([]);
  expect(await bench.settle(folders)).toEqual([reef, cave].sort());
  await bench.settle(tanks.stop());
});
