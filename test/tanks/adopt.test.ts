import { describe, expect, test } from "bun:test";
import { createTank, fork, step } from "../../src/sim/index.ts";
import { captureOf } from "../../src/tanks/snapshots/captured-world.ts";
import type { ForkedWorld } from "../../src/tanks/tanks.ts";
import { Bench, NO_SNAPSHOTS, refusal } from "./harness.ts";
import { chronicleIn, travelIn } from "./past.ts";

const SPEC = { seed: 3, fish: 20, tankKey: "00000000000000aa" };
const CONTROLS = { paused: true, tickRate: 12, fastForwardTo: undefined };

/** A world of 300 ticks, as somebody hands it over. */
async function aged(tankKey: string): Promise<ForkedWorld> {
  const tank = createTank(SPEC);
  while (tank.tick < 300) step(tank);
  const state = captureOf(fork(tank, tankKey), 1, CONTROLS);
  return { name: "copy", description: "of a pond", seed: SPEC.seed, fish: SPEC.fish, state };
}

describe("a tank that is adopted", () => {
  test("goes on where the other was, with a base to come back to", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const made = await bench.settle(tanks.adopt(aged));
    const { row } = made;
    expect(made).toMatchObject({ status: "paused", tickRate: 12, seq: 1, durableSeq: 1 });
    expect(row).toMatchObject({ name: "copy", origin: "forked", epoch: 1, ordinal: 1 });
    expect(made.stats.tick).toBe(300);
    expect(made.stats.ledger.founded).toBe(made.stats.alive);
    const [first] = await bench.settle(tanks.fish(row.tank_id));
    expect(first?.fish_id).toBe(`${row.tank_key}-1`);

    const log = await bench.store.journal.log(row.tank_id, 0);
    expect(log).toMatchObject([{ seq: 1, tick: 300, kind: "mark" }]);
    await bench.settle(tanks.submit(row.tank_id, { kind: "spawn", fish: 2 }));
    await bench.settle(tanks.submit(row.tank_id, { kind: "resume" }));
    await bench.run(5_000);
    await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 3 }));
    const alive = tanks.get(row.tank_id)?.stats.alive;
    bench.kill();

    const again = await bench.start();
    expect(again.get(row.tank_id)).toMatchObject({ row, seq: 4, status: "running" });
    expect(again.get(row.tank_id)?.stats.alive).toBe(alive ?? 0);
    bench.kill();
    const chronicle = await chronicleIn({ bench, row });
    const { replay, divergence } = await travelIn(bench, chronicle);
    expect(divergence).toBeUndefined();
    expect(replay.origin).toMatchObject({ seq: 1, tick: 300 });
  });

  test("cannot be made from its spec when its base is damaged: it stops", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.adopt(aged));
    bench.kill();
    const [base] = await bench.store.journal.snapshots(row.tank_id);
    bench.host.disk.damage(base?.file ?? "", 200);
    const again = await bench.start();
    expect(again.get(row.tank_id)).toMatchObject({ status: "stopped" });
    expect(again.get(row.tank_id)?.reason).toContain("made from another tank");
  });

  test("keeps its base until the log is trimmed", async () => {
    const bench = new Bench({ snapshots: { ...NO_SNAPSHOTS, entriesMax: 2 } });
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.adopt(aged));
    const seqs = async () =>
      (await bench.store.journal.snapshots(row.tank_id)).map(({ seq }) => seq);
    const firstEntry = async () => (await bench.store.journal.log(row.tank_id, 0))[0]?.seq;
    const feed = async () => {
      for (let i = 0; i < 2; i++) {
        await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
      }
      await bench.run(100);
    };
    await feed();
    expect(await seqs()).toEqual([3, 1]);
    expect(await firstEntry()).toBe(2);
    await feed();
    expect(await seqs()).toEqual([5, 3]);
  });

  test("is not there when what is handed over fails, and the node goes on", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const failed = tanks.adopt(() => Promise.reject(new Error("no such archive")));
    expect(failed).rejects.toThrow("no such archive");
    expect(tanks.list()).toEqual([]);
    bench.host.disk.fault = "the disk is full";
    expect(await refusal(bench.settle(tanks.adopt(aged)))).toBe("storage_unavailable");
    bench.host.disk.fault = undefined;
    expect(tanks.list()).toEqual([]);
    await bench.run(5_000);
    expect((await bench.settle(tanks.adopt(aged))).row.ordinal).toBe(1);
  });
});

test("killed at any moment, there is all of the tank or none, and no file without it", async () => {
  let whole = 0;
  let none = 0;
  for (let moment = 1; ; moment++) {
    const bench = new Bench();
    const tanks = await bench.start();
    let calls = 0;
    let killed = false;
    const mayKill = () => {
      calls++;
      if (calls !== moment) return;
      killed = true;
      bench.kill();
    };
    bench.world.hooks = { beforeCall: mayKill, afterCall: mayKill };
    void tanks.adopt(aged).catch(() => {});
    await bench.run(2_000);
    bench.world.hooks = {};
    if (!killed) break;
    const again = await bench.start();
    await bench.run(100);
    const [tank] = again.list();
    const rows = await bench.store.journal.tanks();
    if (tank) {
      whole++;
      expect(tank).toMatchObject({ status: "paused", seq: 1 });
      const [base] = await bench.store.journal.snapshots(tank.row.tank_id);
      const file = await bench.host.disk.read(base?.file ?? "");
      expect(file).toBeDefined();
    } else {
      none++;
      expect(rows).toEqual([]);
      expect(await bench.host.disk.folders("snapshots")).toEqual([]);
    }
    bench.kill();
  }
  expect(whole).toBeGreaterThan(0);
  expect(none).toBeGreaterThan(2);
});
