import { describe, expect, test } from "bun:test";
import { fishOf, statsOf } from "../../src/sim/index.ts";
import type { JournalWrite } from "../../src/store/journal.ts";
import type { Frame } from "../../src/tanks/tanks.ts";
import { ANYBODY, Bench, gate, heldBack, refusal } from "./harness.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 20 };

describe("a new tank", () => {
  test("is durable, listed and running when create resolves", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const reef = await bench.settle(tanks.create(REEF));
    expect(reef.row).toMatchObject({ name: "reef", seed: 7, fish: 20, epoch: 1, ordinal: 1 });
    expect(reef.row.tank_key).toMatch(/^[0-9a-f]{16}$/);
    expect(reef.status).toBe("running");
    expect(reef.stats.ledger.founded).toBe(20);
    expect(tanks.list().map((tank) => tank.row)).toEqual([reef.row]);
    expect(await bench.store.journal.tanks()).toEqual([reef.row]);
    const log = await bench.store.journal.log(reef.row.tank_id, 0);
    expect(log).toMatchObject([{ seq: 1, tick: 0, kind: "mark" }]);
    expect(log[0]?.digest).toBe(bench.replayedDigest(reef.row));
  });

  test("gets a seed and the next place where none is named", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const first = await bench.settle(tanks.create({ name: "a", description: "", fish: 5 }));
    const second = await bench.settle(tanks.create({ name: "b", description: "", fish: 5 }));
    expect(second.row.ordinal).toBe(2);
    expect(second.row.seed).not.toBe(first.row.seed);
    expect(second.row.tank_key).not.toBe(first.row.tank_key);
  });

  test("is not there when it cannot be made durable", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    bench.store.setFault("disk full");
    expect(await bench.settle(refusal(tanks.create(REEF)))).toBe("storage_unavailable");
    expect(tanks.list()).toEqual([]);
    expect(tanks.storageFault).toBe("disk full");
    bench.store.setFault(undefined);
    await bench.run(3000);
    expect(tanks.storageFault).toBeUndefined();
    await bench.settle(tanks.create(REEF));
    expect(tanks.list()).toHaveLength(1);
  });

  test("of an impossible spec is refused", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    expect(await bench.settle(refusal(tanks.create({ ...REEF, fish: -1 })))).toBe("invalid");
    expect(tanks.list()).toEqual([]);
  });
});

describe("a command", () => {
  test("is acknowledged only when it is durable", async () => {
    const bench = new Bench();
    const commit = gate();
    let held = false;
    const tanks = bench.boot({}, (journal) => heldBack(journal, () => held, commit.opened));
    await bench.settle(tanks.start());
    const { row } = await bench.settle(tanks.create(REEF));
    held = true;
    let acknowledged = false;
    const submitted = tanks.submit(row.tank_id, { kind: "feed", portions: 3 }).then((stamped) => {
      acknowledged = true;
      return stamped;
    });
    await bench.run(5000);
    expect(acknowledged).toBe(false);
    // Applied long ago: observation runs ahead of the promise.
    expect(tanks.get(row.tank_id)).toMatchObject({ seq: 2, durableSeq: 1 });
    expect(await bench.store.journal.log(row.tank_id, 1)).toEqual([]);
    commit.open();
    const stamped = await bench.settle(submitted);
    expect(stamped).toMatchObject({ seq: 2, epoch: 1, outcome: { kind: "done" } });
    expect(await bench.store.journal.log(row.tank_id, 1)).toMatchObject([
      { seq: 2, tick: stamped.tick, kind: "feed" },
    ]);
    expect(tanks.get(row.tank_id)?.durableSeq).toBe(2);
  });

  test("takes the next number of the log, in the order of submission", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const feeds = [1, 2, 3, 4, 5].map((portions) =>
      tanks.submit(row.tank_id, { kind: "feed", portions }),
    );
    const stamped = await bench.settle(Promise.all(feeds));
    expect(stamped.map((one) => one.seq)).toEqual([2, 3, 4, 5, 6]);
    const log = await bench.store.journal.log(row.tank_id, 1);
    expect(log.map((entry) => [entry.seq, entry.kind])).toEqual(
      [2, 3, 4, 5, 6].map((seq) => [seq, "feed"]),
    );
  });

  test("that is rejected takes no number, but what goes alongside is durable", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const stamped = await bench.settle(
      tanks.submit(
        row.tank_id,
        { kind: "export", entityId: "0000000000000000-1", side: "left" },
        ({ outcome }) => [{ put: "meta", key: "refused", value: outcome.kind }],
      ),
    );
    expect(stamped).toMatchObject({ seq: 1, outcome: { kind: "rejected" } });
    expect(await bench.store.journal.meta("refused")).toBe("rejected");
    expect(await bench.store.journal.log(row.tank_id, 1)).toEqual([]);
  });

  test("and its writes alongside are durable together or not at all", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const connection = (id: string): JournalWrite => ({ remove: "connection", connection_id: id });
    await bench.settle(
      tanks.submit(row.tank_id, { kind: "feed", portions: 1 }, () => [
        connection("none"),
        { put: "meta", key: "fed", value: "1" },
      ]),
    );
    expect(await bench.store.journal.meta("fed")).toBe("1");
    // An update of a transfer that is not there conflicts.
    const conflicting = tanks.submit(row.tank_id, { kind: "feed", portions: 1 }, () => [
      { put: "meta", key: "fed", value: "2" },
      {
        update: "outbox",
        transfer_id: "none",
        state: "delivered",
        attempts: 1,
        reason: null,
        updated_at: 0,
      },
    ]);
    expect(await bench.settle(refusal(conflicting))).toBe("conflict");
    expect(await bench.store.journal.meta("fed")).toBe("1");
    expect(await bench.store.journal.log(row.tank_id, 2)).toEqual([]);
    // The tank went back to where its log is, and goes on.
    await bench.run(1000);
    expect(tanks.get(row.tank_id)).toMatchObject({ status: "running", seq: 2, durableSeq: 2 });
    expect(tanks.storageFault).toBeUndefined();
    const next = await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
    expect(next.seq).toBe(3);
  });

  test("that conflicts in a common commit undoes only itself and what came after it", async () => {
    const bench = new Bench();
    const commit = gate();
    let held = false;
    const tanks = bench.boot({}, (journal) => heldBack(journal, () => held, commit.opened));
    await bench.settle(tanks.start());
    const { row } = await bench.settle(tanks.create(REEF));
    held = true;
    const noTransfer: JournalWrite = {
      update: "outbox",
      transfer_id: "none",
      state: "delivered",
      attempts: 1,
      reason: null,
      updated_at: 0,
    };
    const spawn = (alongside: readonly JournalWrite[]) =>
      refusal(tanks.submit(row.tank_id, { kind: "spawn", fish: 1 }, () => alongside));
    const answers = Promise.all([spawn([]), spawn([]), spawn([noTransfer]), spawn([])]);
    await bench.run(100);
    commit.open();
    expect(await bench.settle(answers)).toEqual([
      "resolved",
      "resolved",
      "conflict",
      "storage_unavailable",
    ]);
    await bench.run(1000);
    expect(tanks.get(row.tank_id)).toMatchObject({ status: "running", seq: 3 });
    expect(tanks.get(row.tank_id)?.stats.ledger.spawned).toBe(2);
  });

  test("whose writes alongside cannot be made leaves no trace", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const broken = tanks.submit(row.tank_id, { kind: "spawn", fish: 9 }, () => {
      throw new Error("a bug of the caller");
    });
    expect(await bench.settle(broken.catch((error) => error.message))).toBe("a bug of the caller");
    await bench.run(500);
    const stats = tanks.get(row.tank_id)?.stats;
    expect(stats).toEqual(statsOf(bench.replayed(row, stats?.tick)));
    expect(await bench.store.journal.log(row.tank_id, 1)).toEqual([]);
  });

  test("is counted, and beyond the bound refused", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const many = Array.from({ length: 4097 }, () =>
      refusal(tanks.submit(row.tank_id, { kind: "feed", portions: 1 })),
    );
    const answers = await bench.settle(Promise.all(many));
    expect(answers.filter((answer) => answer === "too_many")).toHaveLength(1);
  });

  test("to a tank that is not here is refused", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    expect(await refusal(tanks.submit("none", { kind: "pause" }))).toBe("unknown_tank");
    expect(await refusal(tanks.fish("none"))).toBe("unknown_tank");
    expect(await refusal(tanks.remove("none"))).toBe("unknown_tank");
  });
});

describe("a tank", () => {
  test("does not run while paused, takes commands, and goes on after", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.run(1000);
    const { tick } = await bench.settle(tanks.submit(row.tank_id, { kind: "pause" }));
    expect(tanks.get(row.tank_id)?.status).toBe("paused");
    await bench.run(5000);
    const fed = await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 2 }));
    expect(fed.tick).toBe(tick);
    expect(tanks.get(row.tank_id)).toMatchObject({ achievedRate: 0, tickLag: 0 });
    await bench.settle(tanks.submit(row.tank_id, { kind: "resume" }));
    await bench.run(1000);
    expect(tanks.get(row.tank_id)?.status).toBe("running");
    const after = tanks.get(row.tank_id)?.stats.tick ?? 0;
    // The pause is not caught up with.
    expect(after - tick).toBeGreaterThanOrEqual(25);
    expect(after - tick).toBeLessThanOrEqual(31);
  });

  test("shows its fish, and a migrant drawn from those fit to travel", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const { tick } = await bench.settle(tanks.submit(row.tank_id, { kind: "pause" }));
    const fish = await bench.settle(tanks.fish(row.tank_id));
    expect(fish).toEqual(fishOf(bench.replayed(row, tick)));
    const draws = new Set<string | undefined>();
    for (let i = 0; i < 20; i++) {
      const migrants = await bench.settle(tanks.pickMigrants(row.tank_id, ANYBODY));
      for (const { fishId } of migrants) draws.add(fishId);
    }
    for (const id of draws) expect(fish.map((one) => one.fish_id)).toContain(id as string);
    expect(draws.size).toBeGreaterThan(1);
  });

  test("draws frames at about 15 a second, and only while watched", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.run(500);
    const ticks: number[] = [];
    const unwatch = tanks.watch(row.tank_id, (frame) => {
      expect(frame).toMatchObject({ tankId: row.tank_id, epoch: 1, seq: 1, durableSeq: 1 });
      expect(frame.fish.length).toBeGreaterThan(0);
      ticks.push(frame.tick);
    });
    await bench.run(2000);
    expect(ticks.length).toBeGreaterThanOrEqual(26);
    expect(ticks.length).toBeLessThanOrEqual(31);
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
    unwatch();
    const before = ticks.length;
    await bench.run(1000);
    expect(ticks.length).toBe(before);
  });

  test("shows how its plants look, each in one frame, also while it is paused", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.settle(tanks.submit(row.tank_id, { kind: "pause" }));
    const frames: Frame[] = [];
    const watch = () => tanks.watch(row.tank_id, (frame) => frames.push(frame));
    const unwatch = watch();
    await bench.run(2000);
    const { plants, looks } = frames.at(-1) ?? {};
    expect([...(looks?.keys() ?? [])]).toEqual(plants?.map(({ plant_id }) => plant_id) ?? []);
    expect(looks?.size).toBeGreaterThan(6);
    expect(frames[0]?.looks.size).toBe(6);
    unwatch();
    frames.length = 0;
    watch();
    await bench.run(2000);
    expect(frames.at(-1)?.looks).toEqual(looks ?? new Map());
  });

  test("tells all of one fish", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const [fish] = await bench.settle(tanks.fish(row.tank_id));
    const id = fish?.fish_id ?? "";
    const profile = await bench.settle(tanks.fishProfile(row.tank_id, id));
    expect(profile).toMatchObject({ fish_id: id, origin: "founder" });
    expect(await bench.settle(tanks.fishProfile(row.tank_id, "nobody"))).toBeUndefined();
  });

  test("is counted with everything that has happened to it, once that is durable", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const spawned = tanks.submit(row.tank_id, { kind: "spawn", fish: 3 });
    const census = await bench.settle(tanks.census(row.tank_id));
    await bench.settle(spawned);
    expect(census).toMatchObject({ epoch: 1, ledger: { founded: REEF.fish, spawned: 3 } });
    expect(tanks.get(row.tank_id)?.durableSeq).toBeGreaterThanOrEqual(census.seq);
    expect(census.fish_ids).toHaveLength(census.alive);
    expect(census.hops).toEqual(census.fish_ids.map(() => 0));
    const fish = await bench.settle(tanks.fish(row.tank_id));
    expect(fish.map(({ fish_id }) => fish_id)).toEqual([...census.fish_ids]);
  });

  test("that is removed leaves nothing behind", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.settle(tanks.stop());
    bench.kill();
    const again = await bench.start();
    expect(await bench.host.disk.list(`snapshots/${row.tank_id}`)).toHaveLength(1);
    await bench.settle(again.remove(row.tank_id));
    expect(again.list()).toEqual([]);
    expect(await bench.store.journal.tanks()).toEqual([]);
    expect(await bench.host.disk.list(`snapshots/${row.tank_id}`)).toEqual([]);
  });
});
