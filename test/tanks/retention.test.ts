import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LIMITS } from "../../src/platform/limits.ts";
import { digest } from "../../src/sim/index.ts";
import type { SnapshotRow } from "../../src/store/rows.ts";
import { retainBy, retainedForEver, retainedWithin } from "../../src/tanks/snapshots/retention.ts";
import { Bench } from "./harness.ts";

function snapshots(...of: readonly (readonly [seq: number, engine: number])[]): SnapshotRow[] {
  return of.map(([seq, engine_version]) => ({
    tank_id: "a",
    seq,
    tick: seq * 100,
    digest: "",
    file: `${seq}`,
    bytes: 1,
    engine_version,
    log_checksum: "",
    created_at: 0,
    log_bytes: seq,
  }));
}

const seqs = (rows: readonly SnapshotRow[]) => rows.map((row) => row.seq);

/** Newest first; a snapshot takes a byte, and so does an entry of the log. */
const own = (...of: readonly number[]) => snapshots(...of.map((seq) => [seq, 2] as const));

describe("what stays of a tank's past", () => {
  test("with no budget: the two newest snapshots and the log after the older of them", () => {
    const rows = snapshots([40, 2], [30, 2], [20, 2], [10, 1]);
    const { kept, dropped, logUpToSeq } = retainedWithin(0, rows, true);
    expect([seqs(kept), seqs(dropped), logUpToSeq]).toEqual([[40, 30], [20, 10], 30]);
    // One snapshot alone may be damaged: then the log is needed, whatever it takes.
    expect(retainedWithin(0, rows.slice(3), true)).toMatchObject({ dropped: [], logUpToSeq: 0 });
    expect(retainedWithin(0, rows.slice(3), false)).toMatchObject({ dropped: [], logUpToSeq: 0 });
  });

  test("with enough: everything, back to what the spec makes", () => {
    const rows = own(40, 30, 20, 10);
    expect(retainedWithin(44, rows, true)).toMatchObject({ dropped: [], logUpToSeq: 0 });
    // What was trimmed before does not come back.
    expect(retainedWithin(44, rows, false)).toMatchObject({ dropped: [], logUpToSeq: 10 });
  });

  test("the oldest goes where the log takes more than the snapshots", () => {
    expect(retainedWithin(43, own(40, 30, 20, 10), true)).toMatchObject({
      dropped: [],
      logUpToSeq: 10,
    });
    const { kept, logUpToSeq } = retainedWithin(25, own(40, 30, 20, 10), true);
    expect([seqs(kept), logUpToSeq]).toEqual([[40, 30, 20], 20]);
  });

  test("where the snapshots take more, those in between go first, nearest to each other", () => {
    const rows = own(60, 59, 50, 30, 28, 10).map((row) => ({ ...row, bytes: 100 }));
    const within = (bytesMax: number) => seqs(retainedWithin(bytesMax, rows, false).kept);
    expect(within(650)).toEqual([60, 59, 50, 30, 28, 10]);
    expect(within(649)).toEqual([60, 59, 50, 30, 10]);
    expect(within(549)).toEqual([60, 59, 30, 10]);
    expect(within(449)).toEqual([60, 59, 10]);
    expect(within(349)).toEqual([60, 59]);
    expect(retainedWithin(449, rows, true)).toMatchObject({ logUpToSeq: 0 });
  });

  test("an archive can list all snapshots that stay, and they lie evenly", () => {
    let rows: readonly SnapshotRow[] = [];
    for (let seq = 1; seq <= 3000; seq++) {
      rows = retainedWithin(1e9, [...own(seq), ...rows], true).kept;
    }
    expect(rows.length).toBeLessThanOrEqual(LIMITS.archiveSnapshotsMax);
    expect(rows.length).toBeGreaterThan(40);
    const gaps = rows.slice(1, -1).map(({ seq }, at) => seq - (rows[at + 2]?.seq ?? 0));
    expect(Math.max(...gaps)).toBeLessThan((4 * 3000) / rows.length);
  });

  test("all: the whole log, and where a replay by each engine can begin", () => {
    const rows = snapshots([60, 2], [50, 2], [40, 2], [30, 2], [20, 1], [10, 1]);
    const { kept, dropped, logUpToSeq } = retainedForEver(rows);
    expect([seqs(kept), seqs(dropped), logUpToSeq]).toEqual([[60, 50, 30, 10], [40, 20], 0]);
  });

  test("a tank has its own budget, or its share of the node's where that is less", () => {
    let tanks = 1;
    const pastBudget = { perTankBytes: 44, perNodeBytes: 100 };
    const retain = retainBy({ pastBudget }, () => tanks);
    const kept = () => seqs(retain(own(40, 30, 20, 10), true).kept);
    expect(kept()).toEqual([40, 30, 20, 10]);
    tanks = 4;
    expect(kept()).toEqual([40, 30, 20]);
    tanks = 50;
    expect(kept()).toEqual([40, 30]);
    expect(
      retainBy({ pastBudget, logRetention: "all" }, () => tanks)(own(4, 3, 2, 1), true),
    ).toEqual(retainedForEver(own(4, 3, 2, 1)));
  });

  test("nothing is both kept and dropped, the newest stays, kept snapshots keep their log", () => {
    const lists = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 3 })), {
        minLength: 1,
        selector: ([seq]) => seq,
      })
      .map((pairs) => snapshots(...pairs.toSorted(([a], [b]) => b - a)));
    const rules = fc.oneof(
      fc.constant(retainedForEver),
      fc.tuple(fc.nat({ max: 150 }), fc.boolean()).map(
        ([bytesMax, isWhole]) =>
          (rows: readonly SnapshotRow[]) =>
            retainedWithin(bytesMax, rows, isWhole),
      ),
    );
    fc.assert(
      fc.property(lists, rules, (rows, retain) => {
        const { kept, dropped, logUpToSeq } = retain(rows);
        expect([...kept, ...dropped].toSorted((a, b) => b.seq - a.seq)).toEqual(rows);
        expect(kept[0]).toEqual(rows[0] as SnapshotRow);
        for (const { seq } of kept) expect(seq).toBeGreaterThanOrEqual(logUpToSeq);
      }),
    );
  });

  test("it takes no more than its budget, but for what brings the tank back", () => {
    const lists = fc
      .uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 3 })
      .map((numbers) => own(...numbers.toSorted((a, b) => b - a)));
    fc.assert(
      fc.property(lists, fc.nat({ max: 150 }), fc.boolean(), (rows, bytesMax, isWhole) => {
        const { kept, logUpToSeq } = retainedWithin(bytesMax, rows, isWhole);
        const taken = kept.length + (rows[0]?.seq ?? 0) - logUpToSeq;
        const needed = kept.length === 2 && logUpToSeq === kept[1]?.seq;
        expect(needed || taken <= bytesMax).toBe(true);
      }),
    );
  });
});

const SOON = { costMs: 0, intervalMs: 0, ticksMax: 200, entriesMax: 5 };

/** A tank with a past of many snapshots, hosted with this retention. */
async function lived(bench: Bench, logRetention: "trim" | "all") {
  const tanks = await bench.start({ logRetention });
  const known = tanks.list()[0];
  const spec = { name: "a", description: "", fish: 10, seed: 7 };
  const { row } = known ?? (await bench.settle(tanks.create(spec)));
  for (let i = 0; i < 6; i++) {
    await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
    await bench.run(3_000);
  }
  await bench.settle(tanks.stop());
  bench.kill();
  return row;
}

test("with all, every entry stays and the tank recovers; a switch acts at a restart", async () => {
  const bench = new Bench({ snapshots: SOON });
  const { journal } = bench.store;
  const row = await lived(bench, "all");
  const log = await journal.log(row.tank_id, 0);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  expect((await journal.snapshots(row.tank_id)).length).toBe(3);

  await lived(bench, "trim");
  const trimmed = await journal.log(row.tank_id, 0);
  const [newest, older, ...others] = await journal.snapshots(row.tank_id);
  expect(others).toEqual([]);
  expect(trimmed[0]?.seq ?? (newest?.seq ?? 0) + 1).toBe((older?.seq ?? 0) + 1);
  expect((await bench.host.disk.list(`snapshots/${row.tank_id}`)).length).toBe(2);

  await lived(bench, "all");
  expect((await journal.log(row.tank_id, 0))[0]?.seq).toBe(trimmed[0]?.seq);
  expect(await bench.snapshotDigest(row)).toBe(
    digest(bench.replayed(row, (await journal.snapshots(row.tank_id))[0]?.tick)),
  );
});

const BUDGET = { perTankBytes: 100_000_000, perNodeBytes: 100_000_000 };

test("within its budget a tank keeps its whole past, over a restart too, and says so", async () => {
  const bench = new Bench({ snapshots: SOON });
  const { journal } = bench.store;
  const spec = { name: "a", description: "", fish: 10, seed: 7 };
  const live = async (pastBudget: typeof BUDGET) => {
    const tanks = await bench.start({ pastBudget });
    const { row } = tanks.list()[0] ?? (await bench.settle(tanks.create(spec)));
    for (let round = 0; round < 6; round++) {
      await bench.settle(tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
      await bench.run(10_000);
    }
    const { pastFromTick } = tanks.get(row.tank_id) ?? {};
    await bench.settle(tanks.stop());
    bench.kill();
    return { tankId: row.tank_id, pastFromTick };
  };
  const { tankId, pastFromTick } = await live(BUDGET);
  expect(pastFromTick).toBe(0);
  expect((await live(BUDGET)).pastFromTick).toBe(0);
  expect((await journal.log(tankId, 0))[0]?.seq).toBe(1);
  const kept = await journal.snapshots(tankId);
  expect(kept.length).toBeGreaterThan(6);

  // What brings it back is more than this.
  const less = await live({ ...BUDGET, perTankBytes: 1 });
  const [, older, ...others] = await journal.snapshots(tankId);
  expect(others).toEqual([]);
  expect(less.pastFromTick).toBeGreaterThan(0);
  expect((await journal.log(tankId, 0))[0]?.seq ?? 0).toBeGreaterThan(older?.seq ?? 0);
});
