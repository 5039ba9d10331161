import { expect, test } from "bun:test";
import { type Journal, JournalConflict } from "../../../src/store/journal.ts";
import {
  connectionRow,
  eventRow,
  inboxRow,
  logRow,
  outboxRow,
  rememberedRow,
  snapshotRow,
  tankRow,
} from "../rows.ts";
import { type Opened, PAIR, TANK } from "./subject.ts";

export function rowsComeBack(opened: Opened): void {
  test("every row comes back as it went in, also after a restart", async () => {
    const { journal, subject } = await opened();
    const read = async (from: Journal) => ({
      tanks: await from.tanks(),
      log: await from.log("t1", 0),
      snapshots: await from.snapshots("t1"),
      connections: await from.connections(),
      outbox: await from.outboxRow("x1"),
      inbox: await from.inboxRow("n1", "x2"),
      events: await from.events("x1"),
      horizon: await from.horizon(PAIR),
      remembered: await from.remembered(),
      meta: await from.meta("k"),
    });
    await journal.commit([
      TANK,
      { put: "log", row: logRow("t1", 1) },
      { put: "snapshot", row: snapshotRow("t1", 1) },
      { put: "connection", row: connectionRow("c1") },
      { put: "outbox", row: outboxRow("x1") },
      { put: "inbox", row: inboxRow("x2") },
      { put: "event", row: eventRow("x1", 7) },
      { put: "horizon", row: { ...PAIR, lowest_undecided: 4 } },
      { put: "horizon", row: { ...PAIR, lowest_undecided: 5 } },
      { put: "remembered", row: rememberedRow("n2", 7) },
      { put: "remembered", row: rememberedRow("n1", 8) },
      { put: "remembered", row: rememberedRow("n2", 9) },
      { put: "meta", key: "k", value: "v" },
    ]);
    const expected = {
      tanks: [tankRow("t1")],
      log: [logRow("t1", 1)],
      snapshots: [snapshotRow("t1", 1)],
      connections: [connectionRow("c1")],
      outbox: outboxRow("x1"),
      inbox: inboxRow("x2"),
      events: [eventRow("x1", 7)],
      horizon: 5,
      remembered: [rememberedRow("n1", 8), rememberedRow("n2", 9)],
      meta: "v",
    };
    expect(await read(journal)).toEqual(expected);
    expect(await read((await subject.reopen()).journal)).toEqual(expected);
  });

  test("everything can be replaced in one commit, and the position counts on", async () => {
    const { journal, subject } = await opened();
    await journal.commit([
      TANK,
      { put: "log", row: logRow("t1", 1) },
      { put: "snapshot", row: snapshotRow("t1", 1) },
      { put: "connection", row: connectionRow("c1") },
      { put: "outbox", row: outboxRow("x1") },
      { put: "inbox", row: inboxRow("x2") },
      { put: "event", row: eventRow("x1", 7) },
      { put: "horizon", row: { ...PAIR, lowest_undecided: 4 } },
      { put: "remembered", row: rememberedRow("n1", 8) },
      { put: "meta", key: "k", value: "v" },
    ]);
    await journal.commit([{ put: "remembered", row: rememberedRow("n2", 9) }]);
    await journal.commit([{ remove: "remembered", node_id: "n2" }]);
    expect(await journal.remembered()).toEqual([rememberedRow("n1", 8)]);
    const before = journal.position;
    const conflict = { put: "log", row: logRow("t1", 1) } as const;
    const refused = [{ remove: "everything" }, TANK, conflict, conflict] as const;
    const outcome = await journal.commit(refused).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(JournalConflict);
    expect((await journal.tanks()).length).toBe(1);
    await journal.commit([
      { remove: "everything" },
      { put: "tank", row: tankRow("t3") },
      { put: "log", row: logRow("t3", 1) },
    ]);
    const look = async (from: Journal) => {
      expect((await from.tanks()).map((row) => row.tank_id)).toEqual(["t3"]);
      expect(await from.log("t1", 0)).toEqual([]);
      expect(await from.snapshots("t1")).toEqual([]);
      expect(await from.connections()).toEqual([]);
      expect(await from.outboxRow("x1")).toBeUndefined();
      expect(await from.inboxRow("n1", "x2")).toBeUndefined();
      expect(await from.events("x1")).toEqual([]);
      expect(await from.horizon(PAIR)).toBe(0);
      expect(await from.remembered()).toEqual([]);
      expect(await from.meta("k")).toBeUndefined();
      expect((await from.watermarks()).map((mark) => mark.tank_id)).toEqual(["t3"]);
      expect(from.position).toBe(before + 1);
    };
    await look(journal);
    await look((await subject.reopen()).journal);
  });

  test("what is not there is undefined or empty", async () => {
    const { journal } = await opened();
    expect(await journal.outboxRow("x")).toBeUndefined();
    expect(await journal.inboxRow("n1", "x")).toBeUndefined();
    expect(await journal.meta("x")).toBeUndefined();
    expect(await journal.horizon(PAIR)).toBe(0);
    expect(await journal.log("x", 0)).toEqual([]);
    expect(await journal.logStart("x")).toBeUndefined();
    expect(await journal.events("x")).toEqual([]);
    await journal.commit([]);
  });

  test("rows are copies: changing what was given or got changes nothing", async () => {
    const { journal } = await opened();
    const given = outboxRow("x1");
    await journal.commit([{ put: "outbox", row: given }]);
    given.record.fill(9);
    (await journal.outboxRow("x1"))?.record.fill(8);
    expect((await journal.outboxRow("x1"))?.record).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("tanks come by ordinal, the log ascending from a seq, snapshots newest first", async () => {
    const { journal } = await opened();
    await journal.commit([
      { put: "tank", row: tankRow("t2", 2) },
      TANK,
      ...[1, 2, 10, 9].map((seq) => ({ put: "log" as const, row: logRow("t1", seq) })),
      ...[1, 10, 9].map((seq) => ({ put: "snapshot" as const, row: snapshotRow("t1", seq) })),
      { put: "connection", row: connectionRow("later", 2) },
      { put: "connection", row: connectionRow("earlier", 1) },
    ]);
    expect((await journal.tanks()).map((row) => row.tank_id)).toEqual(["t1", "t2"]);
    expect((await journal.log("t1", 1)).map((row) => row.seq)).toEqual([2, 9, 10]);
    expect((await journal.snapshots("t1")).map((row) => row.seq)).toEqual([10, 9, 1]);
    expect((await journal.connections()).map((row) => row.connection_id)).toEqual([
      "earlier",
      "later",
    ]);
  });

  test("known keys are replaced, and a replaced tank keeps its log", async () => {
    const { journal } = await opened();
    await journal.commit([TANK, { put: "log", row: logRow("t1", 1) }]);
    await journal.commit([
      { put: "tank", row: { ...tankRow("t1"), name: "renamed", origin: "forked" } },
      { put: "meta", key: "k", value: "old" },
      { put: "meta", key: "k", value: "new" },
      { put: "snapshot", row: snapshotRow("t1", 1) },
      { put: "snapshot", row: { ...snapshotRow("t1", 1), digest: "d2" } },
      { put: "connection", row: connectionRow("c1") },
      { put: "connection", row: { ...connectionRow("c1"), probability: 99 } },
    ]);
    const [renamed] = await journal.tanks();
    expect(renamed).toMatchObject({ name: "renamed", origin: "forked" });
    expect(await journal.log("t1", 0)).toHaveLength(1);
    expect(await journal.meta("k")).toBe("new");
    expect((await journal.snapshots("t1")).map((row) => row.digest)).toEqual(["d2"]);
    expect((await journal.connections()).map((row) => row.probability)).toEqual([99]);
  });

  test("removing takes exactly what it names; a tank takes its log and snapshots too", async () => {
    const { journal } = await opened();
    await journal.commit([
      TANK,
      { put: "tank", row: tankRow("t2", 2) },
      ...[1, 2, 3].map((seq) => ({ put: "log" as const, row: logRow("t1", seq) })),
      { put: "log", row: logRow("t2", 1) },
      { put: "snapshot", row: snapshotRow("t1", 1) },
      { put: "snapshot", row: snapshotRow("t1", 2) },
      { put: "connection", row: connectionRow("c1") },
      { put: "outbox", row: outboxRow("x1") },
      { put: "inbox", row: { ...inboxRow("x2"), destination_tank_id: "t1" } },
    ]);
    await journal.commit([
      { remove: "log", tank_id: "t1", up_to_seq: 2 },
      { remove: "snapshot", tank_id: "t1", seq: 1 },
      { remove: "connection", connection_id: "c1" },
    ]);
    expect((await journal.log("t1", 0)).map((row) => row.seq)).toEqual([3]);
    expect(await journal.logStart("t1")).toBe(3);
    expect((await journal.snapshots("t1")).map((row) => row.seq)).toEqual([2]);
    expect(await journal.connections()).toEqual([]);
    await journal.commit([{ remove: "tank", tank_id: "t1" }]);
    expect((await journal.tanks()).map((row) => row.tank_id)).toEqual(["t2"]);
    expect(await journal.log("t1", 0)).toEqual([]);
    expect(await journal.snapshots("t1")).toEqual([]);
    expect(await journal.log("t2", 0)).toHaveLength(1);
    expect(await journal.outboxRow("x1")).toBeDefined();
    expect(await journal.inboxRow("n1", "x2")).toBeDefined();
  });
}
