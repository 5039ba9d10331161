import { expect, test } from "bun:test";
import { JournalConflict, type JournalWrite } from "../../../src/store/journal.ts";
import { eventRow, inboxRow, logRow, outboxRow, snapshotRow, tankRow } from "../rows.ts";
import { type Opened, TANK } from "./subject.ts";

export function commitsAreWhole(opened: Opened): void {
  test.each<[string, JournalWrite]>([
    ["a log row twice", { put: "log", row: logRow("t1", 1) }],
    ["a decision twice", { put: "inbox", row: inboxRow("x1") }],
    ["a log row of no tank", { put: "log", row: logRow("nowhere", 1) }],
    ["a snapshot of no tank", { put: "snapshot", row: snapshotRow("nowhere", 1) }],
    [
      "news of no transfer",
      {
        update: "outbox",
        transfer_id: "none",
        state: "delivered",
        attempts: 1,
        reason: null,
        updated_at: 2,
      },
    ],
  ])("%s is a conflict, and nothing of its commit is there", async (_, bad) => {
    const { journal } = await opened();
    await journal.commit([
      TANK,
      { put: "log", row: logRow("t1", 1) },
      { put: "inbox", row: inboxRow("x1") },
      { put: "meta", key: "k", value: "before" },
      { put: "outbox", row: outboxRow("x9") },
    ]);
    const commit = journal.commit([
      { put: "meta", key: "k", value: "after" },
      { put: "tank", row: tankRow("t2", 2) },
      { put: "log", row: logRow("t1", 2) },
      { put: "event", row: eventRow("x9", 1) },
      { remove: "log", tank_id: "t1", up_to_seq: 0 },
      bad,
      { remove: "tank", tank_id: "t1" },
    ]);
    // Not `rejects`: Bun waits for that in place, and no message of a worker comes through.
    expect(await commit.catch((error: unknown) => error)).toBeInstanceOf(JournalConflict);
    expect(await journal.meta("k")).toBe("before");
    expect((await journal.tanks()).map((row) => row.tank_id)).toEqual(["t1"]);
    expect(await journal.log("t1", 0)).toEqual([logRow("t1", 1)]);
    expect(await journal.events("x9")).toEqual([]);
    await journal.commit([{ put: "log", row: logRow("t1", 2) }]);
    expect(await journal.log("t1", 0)).toHaveLength(2);
  });

  test("writes of one commit see those before them", async () => {
    const { journal } = await opened();
    await journal.commit([
      TANK,
      { put: "log", row: logRow("t1", 1) },
      { remove: "log", tank_id: "t1", up_to_seq: 1 },
      { put: "log", row: { ...logRow("t1", 1), kind: "spawn" } },
    ]);
    expect((await journal.log("t1", 0)).map((row) => row.kind)).toEqual(["spawn"]);
  });

  test("of many commits at once each is stored or rejected; a conflict fails alone", async () => {
    const { journal } = await opened();
    await journal.commit([TANK]);
    const seqs = [...Array.from({ length: 50 }, (_, index) => index + 1), 7, 13];
    const results = await Promise.allSettled(
      seqs.map((seq) => journal.commit([{ put: "log", row: logRow("t1", seq) }])),
    );
    const rejected = results.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    expect(rejected).toHaveLength(2);
    for (const reason of rejected) expect(reason).toBeInstanceOf(JournalConflict);
    expect(await journal.log("t1", 0)).toHaveLength(50);
  });
}

export function commitsAreCounted(opened: Opened): void {
  test("the position counts commits, not those that were refused or empty", async () => {
    const { journal, subject } = await opened();
    const before = journal.position;
    await journal.commit([TANK, { put: "log", row: logRow("t1", 1) }]);
    await journal.commit([{ put: "meta", key: "k", value: "v" }]);
    expect(journal.position).toBe(before + 2);
    await journal.commit([]);
    await journal.commit([{ put: "log", row: logRow("t1", 1) }]).catch(() => {});
    expect(journal.position).toBe(before + 2);
    expect((await subject.reopen()).journal.position).toBe(before + 2);
  });
}
