import { afterEach, describe, expect, test } from "bun:test";
import {
  type Journal,
  JournalConflict,
  type JournalWrite,
  type Store,
} from "../../src/store/journal.ts";
import type { InboxRow, TransferCountRow } from "../../src/store/rows.ts";
import {
  connectionRow,
  eventRow,
  inboxRow,
  logRow,
  outboxRow,
  rememberedRow,
  snapshotRow,
  tankRow,
} from "./rows.ts";

/** A store under test. */
export interface Subject {
  readonly store: Store;
  /** The same data after the process has gone and come back. */
  reopen(): Promise<Store>;
  dispose(): Promise<void>;
}

export const BOUNDS = { transferEventsMax: 100, transfersKeptMax: 100 };

const PAIR = { source_node_id: "n1", source_tank_id: "t1", destination_tank_id: "t2" };

const TANK: JournalWrite = { put: "tank", row: tankRow("t1") };

/** What every {@link Store} promises. `open` makes an empty one with {@link BOUNDS}. */
export function storeConformance(name: string, open: () => Promise<Subject>): void {
  let subject: Subject | undefined;
  const opened = async () => {
    subject = await open();
    return { journal: subject.store.journal, store: subject.store, subject };
  };
  afterEach(async () => {
    await subject?.dispose();
    subject = undefined;
  });

  describe(name, () => {
    rowsComeBack(opened);
    commitsAreWhole(opened);
    commitsAreCounted(opened);
    logEndsAreRemembered(opened);
    transfersAreFound(opened);
    eventsAreBounded(opened);
    transfersAreBounded(opened);
    transfersAreCounted(opened);
    registryIsKept(opened);
  });
}

type Opened = () => Promise<{ journal: Journal; store: Store; subject: Subject }>;

function rowsComeBack(opened: Opened): void {
  test("every row comes back as it went in, also after a restart", async () => {
    const { journal, subject } = await opened();
    const read = async (from: Journal) => ({
      tanks: await from.tanks(),
      log: await from.log("t1", 0),
      snapshots: await from.snapshots("t1"),
      connections: await from.connections(),
      outbox: await from.outboxRow("x1"),
      inbox: await from.inboxRow("x2"),
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
      expect(await from.inboxRow("x2")).toBeUndefined();
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
    expect(await journal.inboxRow("x")).toBeUndefined();
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
    expect(await journal.inboxRow("x2")).toBeDefined();
  });
}

function commitsAreWhole(opened: Opened): void {
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

function commitsAreCounted(opened: Opened): void {
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

function logEndsAreRemembered(opened: Opened): void {
  const markOf = (tank_id: string, seq: number) => {
    const { tick, checksum } = logRow(tank_id, seq);
    return { tank_id, seq, tick, checksum };
  };

  test("the watermark of a tank is its last acknowledged entry, even when trimmed", async () => {
    const { journal, subject } = await opened();
    expect(await journal.watermarks()).toEqual([]);
    await journal.commit([
      { put: "tank", row: { ...tankRow("t2", 2), tank_key: "fedcba9876543210" } },
      TANK,
      ...[1, 2, 3].map((seq) => ({ put: "log" as const, row: logRow("t1", seq) })),
      { put: "log", row: logRow("t2", 1) },
    ]);
    await journal.commit([{ put: "log", row: logRow("t2", 2) }]);
    const refused = [
      { put: "log" as const, row: logRow("t1", 4) },
      { put: "log" as const, row: logRow("t1", 1) },
    ];
    await journal.commit(refused).catch(() => {});
    await journal.commit([{ remove: "log", tank_id: "t1", up_to_seq: 3 }]);
    const expected = [markOf("t1", 3), markOf("t2", 2)];
    expect(await journal.watermarks()).toEqual(expected);
    expect(await (await subject.reopen()).journal.watermarks()).toEqual(expected);
  });

  test("a removed tank leaves none behind, and a new one of its name has its own", async () => {
    const { journal, subject } = await opened();
    await journal.commit([TANK, { put: "log", row: logRow("t1", 1) }]);
    await journal.commit([{ put: "log", row: logRow("t1", 2) }]);
    await journal.commit([{ remove: "tank", tank_id: "t1" }]);
    expect(await journal.watermarks()).toEqual([]);
    const again = { ...tankRow("t1"), tank_key: "fedcba9876543210" };
    await journal.commit([
      { put: "tank", row: again },
      { put: "log", row: logRow("t1", 1) },
    ]);
    expect(await journal.watermarks()).toEqual([markOf("t1", 1)]);
    expect(await (await subject.reopen()).journal.watermarks()).toEqual([markOf("t1", 1)]);
  });

  test("a tank that is put again keeps its watermark, under another key it has none", async () => {
    const { journal } = await opened();
    await journal.commit([TANK, { put: "log", row: logRow("t1", 1) }]);
    await journal.commit([{ put: "tank", row: { ...tankRow("t1"), name: "renamed" } }]);
    expect(await journal.watermark("t1")).toEqual(markOf("t1", 1));
    await journal.commit([
      { put: "tank", row: { ...tankRow("t1"), tank_key: "fedcba9876543210" } },
    ]);
    expect(await journal.watermark("t1")).toBeUndefined();
  });
}

function transfersAreFound(opened: Opened): void {
  test("open transfers come oldest first, a list newest first, by state and limit", async () => {
    const { journal } = await opened();
    const ids = ["x3", "x1", "x2", "x4"];
    await journal.commit(
      ids.map((id, index) => ({ put: "outbox" as const, row: outboxRow(id, index + 1) })),
    );
    const settle = (transfer_id: string, state: "delivered" | "in_doubt") =>
      journal.commit([
        { update: "outbox", transfer_id, state, attempts: 3, reason: "why", updated_at: 9 },
      ]);
    await settle("x1", "delivered");
    await settle("x3", "in_doubt");
    expect((await journal.outboxRow("x3"))?.record).toEqual(outboxRow("x3").record);
    const list = async (filter: Parameters<Journal["outbox"]>[0]) =>
      (await journal.outbox(filter)).map((row) => row.transfer_id);
    expect((await journal.openOutbox()).map((row) => row.transfer_id)).toEqual(["x3", "x2", "x4"]);
    expect(await list({ limit: 10 })).toEqual(["x4", "x2", "x1", "x3"]);
    expect(await list({ limit: 2 })).toEqual(["x4", "x2"]);
    expect(await list({ states: ["delivered", "in_doubt"], limit: 10 })).toEqual(["x1", "x3"]);
    expect(await list({ states: [], limit: 10 })).toEqual([]);
    expect(await journal.outboxRow("x1")).toEqual({
      ...outboxRow("x1", 2),
      record: new Uint8Array(),
      state: "delivered",
      attempts: 3,
      reason: "why",
      updated_at: 9,
    });
  });

  test("a replaced outbox row keeps its place", async () => {
    const { journal } = await opened();
    for (const id of ["x1", "x2"]) await journal.commit([{ put: "outbox", row: outboxRow(id) }]);
    await journal.commit([{ put: "outbox", row: { ...outboxRow("x1"), attempts: 5 } }]);
    const open = await journal.openOutbox();
    expect(open.map((row) => [row.transfer_id, row.attempts])).toEqual([
      ["x1", 5],
      ["x2", 0],
    ]);
  });

  test("decisions come newest first and by kind", async () => {
    const { journal } = await opened();
    for (const id of ["x2", "x1", "x3"]) {
      const decision = id === "x1" ? ("refused" as const) : ("accepted" as const);
      await journal.commit([{ put: "inbox", row: { ...inboxRow(id), decision } }]);
    }
    const list = async (filter: Parameters<Journal["inbox"]>[0]) =>
      (await journal.inbox(filter)).map((row) => row.transfer_id);
    expect(await list({ limit: 10 })).toEqual(["x3", "x1", "x2"]);
    expect(await list({ states: ["accepted"], limit: 1 })).toEqual(["x3"]);
    expect(await list({ states: ["refused"], limit: 10 })).toEqual(["x1"]);
  });

  test("the last sequence of each pair of tanks is remembered", async () => {
    const { journal } = await opened();
    await journal.commit([
      { put: "outbox", row: outboxRow("x1", 1) },
      { put: "outbox", row: outboxRow("x3", 3) },
      { put: "outbox", row: outboxRow("x2", 2) },
      { put: "outbox", row: { ...outboxRow("y1", 9), destination_tank_id: "t9" } },
    ]);
    expect(await journal.lastSequences()).toEqual([
      { source_tank_id: "t1", destination_tank_id: "t2", sequence: 3 },
      { source_tank_id: "t1", destination_tank_id: "t9", sequence: 9 },
    ]);
  });
}

function eventsAreBounded(opened: Opened): void {
  test("the oldest events of settled transfers become a count; open ones keep theirs", async () => {
    const { journal, subject } = await opened();
    await journal.commit([
      { put: "outbox", row: outboxRow("open") },
      { put: "event", row: eventRow("open", 0) },
    ]);
    const settled = Array.from({ length: 3 * BOUNDS.transferEventsMax }, (_, index) => `x${index}`);
    for (const id of settled) await journal.commit([{ put: "event", row: eventRow(id, 1) }]);
    const kept: string[] = [];
    for (const id of settled) if ((await journal.events(id)).length > 0) kept.push(id);
    expect(kept.length).toBeLessThan(BOUNDS.transferEventsMax);
    expect(kept.length).toBeGreaterThan(BOUNDS.transferEventsMax / 2);
    expect(kept).toEqual(settled.slice(-kept.length));
    expect(await journal.events("open")).toHaveLength(1);
    const folded = String(settled.length - kept.length);
    expect(await journal.meta("transfer_events_folded")).toBe(folded);
    const again = await subject.reopen();
    expect(await again.journal.meta("transfer_events_folded")).toBe(folded);
  });
}

function transfersAreBounded(opened: Opened): void {
  const ids = Array.from({ length: 3 * BOUNDS.transfersKeptMax }, (_, index) => `x${index + 1}`);
  const present = async (find: (id: string) => Promise<unknown>) => {
    const found: string[] = [];
    for (const id of ids) if (await find(id)) found.push(id);
    return found;
  };

  test("the oldest settled transfers go; open ones and the last of each pair stay", async () => {
    const { journal, subject } = await opened();
    const settled = { state: "delivered", attempts: 1, reason: null, updated_at: 9 } as const;
    await journal.commit([
      { put: "outbox", row: outboxRow("open", 1) },
      { put: "outbox", row: { ...outboxRow("quiet", 70), destination_tank_id: "t9" } },
      { update: "outbox", transfer_id: "quiet", ...settled },
    ]);
    for (const [index, id] of ids.entries()) {
      const row = outboxRow(id, index + 2);
      await journal.commit([
        { put: "outbox", row },
        { update: "outbox", transfer_id: id, ...settled },
      ]);
    }
    const kept = await present((id) => journal.outboxRow(id));
    expect(kept.length).toBeLessThan(BOUNDS.transfersKeptMax);
    expect(kept.length).toBeGreaterThan(BOUNDS.transfersKeptMax / 2);
    expect(kept).toEqual(ids.slice(-kept.length));
    expect(await journal.openOutbox()).toHaveLength(1);
    expect(await (await subject.reopen()).journal.lastSequences()).toEqual([
      { source_tank_id: "t1", destination_tank_id: "t2", sequence: ids.length + 1 },
      { source_tank_id: "t1", destination_tank_id: "t9", sequence: 70 },
    ]);
  });

  test("the oldest decisions go, but none that its source may still ask for", async () => {
    const { journal } = await opened();
    const decide = (id: string, index: number) =>
      journal.commit([{ put: "inbox", row: { ...inboxRow(id), sequence: index + 1 } }]);
    for (const [index, id] of ids.entries()) await decide(id, index);
    expect(await present((id) => journal.inboxRow(id))).toEqual(ids);
    const elsewhere = { ...PAIR, source_node_id: "n9" };
    await journal.commit([
      { put: "horizon", row: { ...elsewhere, lowest_undecided: 1000 } },
      { put: "horizon", row: { ...PAIR, lowest_undecided: 41 } },
    ]);
    await decide("next", ids.length);
    expect(await present((id) => journal.inboxRow(id))).toEqual(ids.slice(40));
    await journal.commit([{ put: "horizon", row: { ...PAIR, lowest_undecided: 1000 } }]);
    await decide("last", ids.length + 1);
    const kept = await present((id) => journal.inboxRow(id));
    expect(kept.length).toBeLessThan(BOUNDS.transfersKeptMax);
    expect(kept).toEqual(ids.slice(-kept.length));
  });
}

function transfersAreCounted(opened: Opened): void {
  const settled = { attempts: 1, reason: null, updated_at: 9 } as const;
  const out = (
    state: TransferCountRow["state"],
    count: number,
    destination_tank_id = "t2",
  ): TransferCountRow => ({
    side: "out",
    node_id: "n2",
    source_tank_id: "t1",
    destination_tank_id,
    entity_type: "fish",
    state,
    count,
  });
  const into = (state: TransferCountRow["state"], count: number): TransferCountRow => ({
    side: "in",
    node_id: PAIR.source_node_id,
    source_tank_id: PAIR.source_tank_id,
    destination_tank_id: PAIR.destination_tank_id,
    entity_type: "fish",
    state,
    count,
  });
  const many = 3 * BOUNDS.transfersKeptMax;

  test("every transfer counts, also those whose rows are removed", async () => {
    const { journal, subject } = await opened();
    expect(await journal.transferCounts()).toEqual([]);
    await journal.commit([{ put: "horizon", row: { ...PAIR, lowest_undecided: 1000 } }]);
    for (let index = 1; index <= many; index++) {
      const [state, decision] =
        index % 3 === 0 ? (["returned", "refused"] as const) : (["delivered", "accepted"] as const);
      await journal.commit([
        { put: "outbox", row: outboxRow(`x${index}`, index) },
        { put: "inbox", row: { ...inboxRow(`y${index}`), sequence: index, decision } },
      ]);
      await journal.commit([{ update: "outbox", transfer_id: `x${index}`, state, ...settled }]);
    }
    await journal.commit([
      { put: "outbox", row: outboxRow("open", many + 1) },
      { put: "outbox", row: { ...outboxRow("other", 1), destination_tank_id: "t9" } },
      { update: "outbox", transfer_id: "other", state: "in_doubt", ...settled },
    ]);
    expect(await journal.outboxRow("x1")).toBeUndefined();
    expect(await journal.inboxRow("y1")).toBeUndefined();
    const expected = [
      into("accepted", 2 * BOUNDS.transfersKeptMax),
      into("refused", BOUNDS.transfersKeptMax),
      out("delivered", 2 * BOUNDS.transfersKeptMax),
      out("pending", 1),
      out("returned", BOUNDS.transfersKeptMax),
      out("in_doubt", 1, "t9"),
    ];
    expect(await journal.transferCounts()).toEqual(expected);
    expect(await (await subject.reopen()).journal.transferCounts()).toEqual(expected);
  });

  test("the accepted transfers of some fish are found", async () => {
    const { journal } = await opened();
    const row = (id: string, entity_id: string, decision: InboxRow["decision"]) =>
      ({ put: "inbox", row: { ...inboxRow(id), entity_id, decision } }) as const;
    await journal.commit([row("y1", "f1", "accepted"), row("y2", "f1", "refused")]);
    await journal.commit([row("y3", "f2", "accepted"), row("y4", "f1", "accepted")]);
    const found = await journal.arrivals(["f1", "f9"]);
    expect(found.map(({ transfer_id }) => transfer_id)).toEqual(["y1", "y4"]);
    expect(await journal.arrivals([])).toEqual([]);
  });

  test("a commit that is refused, and a row that is written again, count nothing", async () => {
    const { journal } = await opened();
    await journal.commit([{ put: "inbox", row: inboxRow("y1") }]);
    const repeated: readonly JournalWrite[] = [
      { put: "outbox", row: outboxRow("x1", 1) },
      { put: "inbox", row: inboxRow("y1") },
    ];
    const outcome = await journal.commit(repeated).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(JournalConflict);
    const decision = inboxRow("y1").decision;
    expect(await journal.transferCounts()).toEqual([into(decision, 1)]);
    await journal.commit([{ put: "outbox", row: outboxRow("x1", 1) }]);
    await journal.commit([{ put: "outbox", row: { ...outboxRow("x1", 1), state: "delivered" } }]);
    await journal.commit([{ update: "outbox", transfer_id: "x1", state: "delivered", ...settled }]);
    expect(await journal.transferCounts()).toEqual([into(decision, 1), out("delivered", 1)]);
    await journal.commit([{ remove: "everything" }]);
    expect(await journal.transferCounts()).toEqual([]);
  });
}

function registryIsKept(opened: Opened): void {
  test("the registry keeps the last record of each server", async () => {
    const { store, subject } = await opened();
    await store.registry.put("n2", "old");
    await store.registry.put("n2", "new");
    await store.registry.put("n1", "one");
    await store.registry.put("n3", "gone");
    await store.registry.remove("n3");
    const expected = [
      { node_id: "n1", record: "one" },
      { node_id: "n2", record: "new" },
    ];
    expect(await store.registry.load()).toEqual(expected);
    expect(await (await subject.reopen()).registry.load()).toEqual(expected);
  });
}
