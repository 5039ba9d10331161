import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { digest } from "../../src/sim/index.ts";
import type { SnapshotRow } from "../../src/store/rows.ts";
import { retained } from "../../src/tanks/snapshots/retention.ts";
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
  }));
}

const seqs = (rows: readonly SnapshotRow[]) => rows.map((row) => row.seq);

describe("what stays of a tank's past", () => {
  test("trimmed: the two newest snapshots and the log after the older of them", () => {
    const rows = snapshots([40, 2], [30, 2], [20, 2], [10, 1]);
    const { kept, dropped, logUpToSeq } = retained(rows, "trim");
    expect([seqs(kept), seqs(dropped), logUpToSeq]).toEqual([[40, 30], [20, 10], 30]);
    expect(retained(rows.slice(3), "trim")).toMatchObject({ dropped: [], logUpToSeq: 0 });
  });

  test("all: the whole log, and where a replay by each engine can begin", () => {
    const rows = snapshots([60, 2], [50, 2], [40, 2], [30, 2], [20, 1], [10, 1]);
    const { kept, dropped, logUpToSeq } = retained(rows, "all");
    expect([seqs(kept), seqs(dropped), logUpToSeq]).toEqual([[60, 50, 30, 10], [40, 20], 0]);
  });

  test("nothing is both kept and dropped, the newest stays, kept snapshots keep their log", () => {
    const lists = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 3 })), {
        minLength: 1,
        selector: ([seq]) => seq,
      })
      .map((pairs) => snapshots(...pairs.toSorted(([a], [b]) => b - a)));
    fc.assert(
      fc.property(lists, fc.constantFrom("trim" as const, "all" as const), (rows, retention) => {
        const { kept, dropped, logUpToSeq } = retained(rows, retention);
        expect([...kept, ...dropped].toSorted((a, b) => b.seq - a.seq)).toEqual(rows);
        expect(kept[0]).toEqual(rows[0] as SnapshotRow);
        for (const { seq } of kept) expect(seq).toBeGreaterThanOrEqual(logUpToSeq);
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
