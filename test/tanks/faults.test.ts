import { describe, expect, test } from "bun:test";
import { StorageUnavailable } from "../../src/platform/errors.ts";
import { fishOf, statsOf } from "../../src/sim/index.ts";
import { Bench, gate, heldBack, NO_SNAPSHOTS, refusal } from "./harness.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 20 };
const CAVE = { name: "cave", description: "", seed: 8, fish: 10 };

describe("while the storage takes no writes", () => {
  test("a change is refused; the tank reverts to its durable state and is frozen", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.run(1000);
    const fed = await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
    await bench.run(1000);
    bench.store.setFault("disk full");
    const failed = tanks.submit(row.tank_id, { kind: "spawn", fish: 9 });
    expect(await bench.settle(refusal(failed))).toBe("storage_unavailable");
    await bench.run(5000);
    expect(tanks.storageFault).toBe("disk full");
    expect(tanks.get(row.tank_id)).toMatchObject({
      status: "stopped",
      seq: fed.seq,
      durableSeq: fed.seq,
      stats: statsOf(bench.replayed(row)),
    });
    expect(tanks.get(row.tank_id)?.stats.tick).toBe(fed.tick);
    expect(bench.loaded?.digest).toBe(bench.replayedDigest(row));
    const refused = tanks.submit(row.tank_id, { kind: "feed", portions: 1 });
    expect(await refusal(refused)).toBe("storage_unavailable");
    // One can still look at it.
    const fish = await bench.settle(tanks.fish(row.tank_id));
    expect(fish).toEqual(fishOf(bench.replayed(row)));
    expect(fish.length).toBeGreaterThan(0);
  });

  test("and when it does again, the tank runs on and nothing acknowledged is lost", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const fed = await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
    bench.store.setFault("disk full");
    await bench.settle(refusal(tanks.submit(row.tank_id, { kind: "spawn", fish: 9 })));
    await bench.run(10_000);
    bench.store.setFault(undefined);
    await bench.run(4000);
    expect(tanks.storageFault).toBeUndefined();
    expect(tanks.get(row.tank_id)?.status).toBe("running");
    expect(tanks.get(row.tank_id)?.stats.tick).toBeGreaterThan(fed.tick + 30);
    const next = await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 2 }));
    expect(next.seq).toBe(fed.seq + 1);
    bench.kill();
    await bench.start();
    expect(bench.loaded?.digest).toBe(bench.replayedDigest(row));
    expect(bench.said("storage takes no writes")).toHaveLength(1);
    expect(bench.said("storage takes writes again")).toHaveLength(1);
  });

  test("as it hangs: everybody is told, and what is in doubt is not called refused", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const { journal } = bench.store;
    const commit = journal.commit.bind(journal);
    const answers = Promise.withResolvers<void>();
    journal.commit = async (writes) => {
      await answers.promise;
      return commit(writes);
    };
    let fed: number | undefined;
    void tanks.submit(row.tank_id, { kind: "feed", portions: 1 }).then(({ seq }) => {
      fed = seq;
    });
    await bench.run(9_900);
    expect(tanks.storageFault).toBeUndefined();
    await bench.run(200);
    expect(tanks.storageFault).toBe("the disk has not answered for 10 s");
    expect(await refusal(tanks.create(CAVE))).toBe("storage_unavailable");
    await bench.run(60_000);
    expect(fed).toBeUndefined();
    answers.resolve();
    await bench.run(4_000);
    expect(fed).toBe(2);
    expect(tanks.storageFault).toBeUndefined();
    expect(tanks.get(row.tank_id)).toMatchObject({ status: "running", durableSeq: 4 });
    expect(bench.said("storage takes no writes")).toHaveLength(1);
    expect(bench.said("storage takes writes again")).toHaveLength(1);
  });

  test("and it is another part of the node that meets it, everybody is told", async () => {
    const bench = new Bench();
    const tanks = bench.boot();
    await bench.settle(tanks.start());
    bench.store.setFault("disk full");
    const other = bench.journal.commit([{ put: "meta", key: "term", value: "1" }]);
    expect(await bench.settle(refusal(other))).toBeInstanceOf(StorageUnavailable);
    expect(tanks.storageFault).toBe("disk full");
    bench.store.setFault(undefined);
    await bench.run(4000);
    expect(tanks.storageFault).toBeUndefined();
  });

  test("a tank that nobody touches runs on until it has something to commit", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const reef = await bench.settle(tanks.create(REEF));
    const cave = await bench.settle(tanks.create(CAVE));
    bench.store.setFault("disk full");
    await bench.settle(refusal(tanks.submit(reef.row.tank_id, { kind: "feed", portions: 1 })));
    await bench.run(5000);
    expect(tanks.get(cave.row.tank_id)?.status).toBe("running");
    // Its next mark is at tick 1000.
    await bench.run(35_000);
    expect(tanks.get(cave.row.tank_id)).toMatchObject({ status: "stopped", stats: { tick: 0 } });
    bench.store.setFault(undefined);
    await bench.run(4000);
    for (const { row } of [reef, cave]) expect(tanks.get(row.tank_id)?.status).toBe("running");
  });

  test("commands that waited behind the failed one are refused too, none half done", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    bench.store.setFault("disk full");
    const codes = await bench.settle(
      Promise.all(
        Array.from({ length: 20 }, () =>
          refusal(tanks.submit(row.tank_id, { kind: "spawn", fish: 1 })),
        ),
      ),
    );
    expect(new Set(codes)).toEqual(new Set(["storage_unavailable"]));
    bench.store.setFault(undefined);
    await bench.run(5000);
    const { seq, stats } = tanks.get(row.tank_id) ?? {};
    expect(seq).toBe(1);
    expect(stats).toEqual(statsOf(bench.replayed(row, stats?.tick)));
  });

  test("a tank is not removed", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    bench.store.setFault("disk full");
    expect(await bench.settle(refusal(tanks.remove(row.tank_id)))).toBe("storage_unavailable");
    bench.store.setFault(undefined);
    await bench.run(5000);
    expect(tanks.get(row.tank_id)?.status).toBe("running");
  });

  test("a node still stops cleanly", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    bench.store.setFault("disk full");
    bench.host.disk.fault = "disk full";
    await bench.settle(tanks.stop());
    bench.kill();
    bench.store.setFault(undefined);
    bench.host.disk.fault = undefined;
    const again = await bench.start();
    expect(again.get(row.tank_id)).toMatchObject({ status: "running", seq: 1 });
  });
});

test("a snapshot that cannot be written is reported, and the next one tried", async () => {
  const bench = new Bench({ snapshots: { ...NO_SNAPSHOTS, ticksMax: 100 } });
  const tanks = await bench.start();
  const { row } = await bench.settle(tanks.create(REEF));
  bench.host.disk.fault = "disk full";
  await bench.run(5000);
  expect(bench.said("snapshot failed").length).toBeGreaterThan(0);
  expect(tanks.get(row.tank_id)?.status).toBe("running");
  bench.host.disk.fault = undefined;
  await bench.run(5000);
  expect(await bench.store.journal.snapshots(row.tank_id)).toHaveLength(1);
});

test("a snapshot is written only when its log is durable", async () => {
  const bench = new Bench({ snapshots: { ...NO_SNAPSHOTS, entriesMax: 1 } });
  const commit = gate();
  let held = false;
  const tanks = bench.boot({}, (journal) => heldBack(journal, () => held, commit.opened));
  await bench.settle(tanks.start());
  const { row } = await bench.settle(tanks.create(REEF));
  held = true;
  void tanks.submit(row.tank_id, { kind: "feed", portions: 1 });
  await bench.run(3000);
  expect(await bench.host.disk.list(`snapshots/${row.tank_id}`)).toEqual([]);
  commit.open();
  await bench.run(100);
  expect(await bench.store.journal.snapshots(row.tank_id)).toMatchObject([{ seq: 2 }]);
});

describe("a simulation thread that dies", () => {
  test("is restarted, and its tanks come back from what is durable", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const reef = await bench.settle(tanks.create(REEF));
    const cave = await bench.settle(tanks.create(CAVE));
    await bench.run(1000);
    const fed = await bench.settle(tanks.submit(reef.row.tank_id, { kind: "feed", portions: 1 }));
    const waiting = refusal(tanks.submit(reef.row.tank_id, { kind: "spawn", fish: 2 }));
    bench.say({ kind: "thread_failed", message: "out of memory" });
    expect(await bench.settle(waiting)).toBe("not_ready");
    expect(tanks.list().map((tank) => [tank.status, tank.reason])).toEqual([
      ["stopped", "out of memory"],
      ["stopped", "out of memory"],
    ]);
    await bench.run(2000);
    expect(tanks.list().map((tank) => tank.status)).toEqual(["running", "running"]);
    expect(tanks.get(reef.row.tank_id)).toMatchObject({ seq: fed.seq, durableSeq: fed.seq });
    expect(tanks.get(cave.row.tank_id)?.stats.tick).toBeGreaterThan(30);
  });

  test("while a tank is being made refuses the tank, and the next try succeeds", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const making = refusal(tanks.create(REEF));
    bench.say({ kind: "thread_failed", message: "out of memory" });
    expect(await bench.settle(making)).toBe("not_ready");
    expect(tanks.list()).toEqual([]);
    await bench.run(1000);
    expect((await bench.settle(tanks.create(REEF))).status).toBe("running");
  });
});

test("an error inside a tank stops that tank and names it; the others run on", async () => {
  const bench = new Bench();
  const tanks = await bench.start();
  const reef = await bench.settle(tanks.create(REEF));
  const cave = await bench.settle(tanks.create(CAVE));
  bench.say({ kind: "tank_failed", tank: reef.row.tank_id, load: 1, message: "a bug" });
  await bench.run(1000);
  expect(tanks.get(reef.row.tank_id)).toMatchObject({ status: "stopped", reason: "a bug" });
  expect(bench.said("tank stopped")).toMatchObject([{ tank_id: reef.row.tank_id }]);
  expect(tanks.get(cave.row.tank_id)?.status).toBe("running");
  const fed = tanks.submit(cave.row.tank_id, { kind: "feed", portions: 1 });
  expect((await bench.settle(fed)).seq).toBe(2);
});
