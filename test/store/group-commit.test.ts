import { expect, test } from "bun:test";
import { groupCommit } from "../../src/store/group-commit.ts";
import {
  type Journal,
  JournalConflict,
  type JournalWrite,
  StorageUnavailable,
} from "../../src/store/journal.ts";
import { MemoryJournal } from "../../src/store/memory/journal.ts";
import { type MetricName, noMetrics } from "../../src/telemetry/metrics.ts";
import { inboxRow, logRow, rememberedRow, tankRow } from "./rows.ts";

const meta = (key: string): JournalWrite => ({ put: "meta", key, value: "v" });
const keysOf = (writes: readonly JournalWrite[]) =>
  writes.map((write) => ("put" in write && write.put === "meta" ? write.key : "?")).join("");

/** A journal whose transactions wait until they are let through, and the group commit over it. */
function slowJournal() {
  const inner = new MemoryJournal();
  const transactions: string[] = [];
  const gates: { open(): void; fail(error: Error): void }[] = [];
  const slow: Journal = Object.create(inner, {
    commit: {
      value: async (writes: readonly JournalWrite[]) => {
        transactions.push(keysOf(writes));
        const gate = Promise.withResolvers<void>();
        gates.push({ open: gate.resolve, fail: gate.reject });
        await gate.promise;
        return inner.commit(writes);
      },
    },
  });
  const counted: string[] = [];
  const observed: number[] = [];
  let nowMs = 0;
  const unavailable: string[] = [];
  const due = new Map<object, { readonly atMs: number; run(): void }>();
  const journal = groupCommit(slow, {
    clock: { wallMs: () => 0, monotonicMs: () => nowMs },
    timers: {
      after: (delayMs, run) => {
        const id = {};
        due.set(id, { atMs: nowMs + delayMs, run });
        return () => void due.delete(id);
      },
    },
    onUnavailable: (error) => void unavailable.push(error.message),
    metrics: {
      count: (name: MetricName, labels = {}) => void counted.push(`${name} ${labels["outcome"]}`),
      set: () => {},
      observe: (_name, value) => void observed.push(value),
    },
  });
  const advance = (ms: number) => {
    nowMs += ms;
    for (const [id, { atMs, run }] of due) {
      if (atMs > nowMs || !due.delete(id)) continue;
      run();
    }
  };
  return { inner, journal, transactions, gates, counted, observed, advance, unavailable };
}

/** Lets every promise that can settle do so. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Notes how a commit ends. */
function watch(commit: Promise<void>): { outcome: string } {
  const watched = { outcome: "open" };
  commit.then(
    () => {
      watched.outcome = "committed";
    },
    (error: Error) => {
      watched.outcome = error.name;
    },
  );
  return watched;
}

test("commits asked for during one become the next, in order; none is told too early", async () => {
  const { journal, transactions, gates, counted, observed, advance } = slowJournal();
  const outcomes = ["a", "b", "c", "d"].map((key) => watch(journal.commit([meta(key)])));
  await settle();
  expect(transactions).toEqual(["a"]);
  advance(250);
  gates[0]?.open();
  await settle();
  expect(outcomes.map((one) => one.outcome)).toEqual(["committed", "open", "open", "open"]);
  expect(transactions).toEqual(["a", "bcd"]);
  const late = watch(journal.commit([meta("e")]));
  gates[1]?.open();
  await settle();
  expect(outcomes.map((one) => one.outcome)).toEqual(Array(4).fill("committed"));
  expect(late.outcome).toBe("open");
  gates[2]?.open();
  await settle();
  expect(late.outcome).toBe("committed");
  expect(transactions).toEqual(["a", "bcd", "e"]);
  expect(counted).toEqual(Array(3).fill("tankd_commits_total committed"));
  expect(observed).toEqual([0.25, 0, 0]);
});

test("a conflict in a joined transaction rejects only the one that caused it", async () => {
  const { inner, journal, gates } = slowJournal();
  await inner.commit([
    { put: "tank", row: tankRow("t1") },
    { put: "log", row: logRow("t1", 1) },
  ]);
  const first = watch(journal.commit([meta("a")]));
  const good = watch(journal.commit([meta("b")]));
  const bad = watch(journal.commit([meta("never"), { put: "log", row: logRow("t1", 1) }]));
  const after = watch(journal.commit([{ put: "log", row: logRow("t1", 2) }]));
  for (let turn = 0; turn < 6; turn++) {
    await settle();
    gates[turn]?.open();
  }
  expect([first, good, bad, after].map((one) => one.outcome)).toEqual([
    "committed",
    "committed",
    JournalConflict.name,
    "committed",
  ]);
  expect(await inner.meta("b")).toBe("v");
  expect(await inner.meta("never")).toBeUndefined();
  expect(await inner.log("t1", 0)).toHaveLength(2);
});

test("an unavailable storage rejects all that are joined, and the next is tried", async () => {
  const { journal, gates, counted, unavailable } = slowJournal();
  const outcomes = ["a", "b", "c"].map((key) => watch(journal.commit([meta(key)])));
  await settle();
  gates[0]?.open();
  await settle();
  gates[1]?.fail(new StorageUnavailable("the disk is full"));
  await settle();
  expect(outcomes.map((one) => one.outcome)).toEqual([
    "committed",
    "StorageUnavailable",
    "StorageUnavailable",
  ]);
  const next = watch(journal.commit([meta("d")]));
  await settle();
  gates[2]?.open();
  await settle();
  expect(next.outcome).toBe("committed");
  expect(counted).toContain("tankd_commits_total unavailable");
  // Whoever asked for the commit: the tanks may have nothing to write for half a minute.
  expect(unavailable).toEqual(["the disk is full"]);
});

test("behind a stuck commit all are refused, and taken again when it comes back", async () => {
  const { inner, journal, transactions, gates, advance, unavailable } = slowJournal();
  const stuck = watch(journal.commit([meta("a")]));
  const behind = watch(journal.commit([meta("b")]));
  await settle();
  advance(9_999);
  const late = watch(journal.commit([meta("c")]));
  await settle();
  expect([behind, late].map((one) => one.outcome)).toEqual(["open", "open"]);
  // By itself: a thousand tanks may all be waiting, and none of them would come again.
  advance(1);
  await settle();
  expect([stuck, behind, late].map((one) => one.outcome)).toEqual([
    "open",
    "StorageUnavailable",
    "StorageUnavailable",
  ]);
  expect(unavailable).toEqual(["the disk has not answered for 10 s"]);
  advance(1_000);
  await expect(journal.commit([meta("d")])).rejects.toThrow("has not answered for 11 s");
  gates[0]?.open();
  await settle();
  expect(stuck.outcome).toBe("committed");
  const next = watch(journal.commit([meta("e")]));
  await settle();
  gates[1]?.open();
  await settle();
  expect(next.outcome).toBe("committed");
  expect(transactions).toEqual(["a", "e"]);
  expect(await inner.meta("b")).toBeUndefined();
  advance(60_000);
  expect(unavailable).toHaveLength(2);
});

test("of rows that replace each other a transaction has the last one", async () => {
  const inner = new MemoryJournal();
  const transactions: (readonly JournalWrite[])[] = [];
  const journal = groupCommit(
    Object.create(inner, {
      commit: {
        value: (writes: readonly JournalWrite[]) => {
          transactions.push(writes);
          return inner.commit(writes);
        },
      },
    }),
    {
      clock: { wallMs: () => 0, monotonicMs: () => 0 },
      timers: { after: () => () => {} },
      metrics: noMetrics,
    },
  );
  const pair = { source_node_id: "n", source_tank_id: "t1", destination_tank_id: "t2" };
  const transfer = (n: number): readonly JournalWrite[] => [
    { put: "inbox", row: inboxRow(`transfer ${n}`) },
    { put: "horizon", row: { ...pair, lowest_undecided: n } },
    { put: "remembered", row: rememberedRow("n", n) },
  ];
  await Promise.all([1, 2, 3, 4].map((n) => journal.commit(transfer(n))));
  const [alone, together] = transactions;
  expect(alone).toEqual(transfer(1));
  expect(together).toEqual([2, 3].flatMap((n) => transfer(n).slice(0, 1)).concat(transfer(4)));
  expect(await journal.horizon(pair)).toBe(4);
});
