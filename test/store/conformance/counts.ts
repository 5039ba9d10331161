import { expect, test } from "bun:test";
import { JournalConflict, type JournalWrite } from "../../../src/store/journal.ts";
import type { ConnectionCountRow, InboxRow, TransferCountRow } from "../../../src/store/rows.ts";
import { connectionRow, inboxRow, outboxRow } from "../rows.ts";
import { BOUNDS, type Opened, PAIR } from "./subject.ts";

export function transfersAreCounted(opened: Opened): void {
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
    expect(await journal.inboxRow(PAIR.source_node_id, "y1")).toBeUndefined();
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

  test("a connection's transfers count, removed or not, while it is there", async () => {
    const { journal, subject } = await opened();
    const connection = { connection_id: "c1", destination_node_id: "n2" };
    await journal.commit([
      { put: "connection", row: connectionRow("c1") },
      { put: "outbox", row: { ...outboxRow("gone", 1), connection_id: "c0" } },
    ]);
    for (let index = 1; index <= many; index++) {
      const transfer_id = `x${index}`;
      const state = index % 3 === 0 ? "returned" : "delivered";
      const row = { ...outboxRow(transfer_id, index), connection_id: "c1" };
      await journal.commit([{ put: "outbox", row }]);
      await journal.commit([
        { update: "outbox", transfer_id, state, ...settled, updated_at: 1000 + index },
      ]);
    }
    expect(await journal.outboxRow("x1")).toBeUndefined();
    const to = { ...connection, destination_tank_id: "t2" };
    const expected: readonly ConnectionCountRow[] = [
      { ...to, state: "delivered", count: (2 * many) / 3, last_at: 1000 + many - 1 },
      { ...to, state: "returned", count: many / 3, last_at: 1000 + many },
    ];
    expect(await journal.connectionCounts()).toEqual(expected);
    const again = (await subject.reopen()).journal;
    expect(await again.connectionCounts()).toEqual(expected);
    await again.commit([{ remove: "connection", connection_id: "c1" }]);
    expect(await again.connectionCounts()).toEqual([]);
    await again.commit([{ put: "connection", row: connectionRow("c2") }]);
    expect(await again.connectionCounts()).toEqual([]);
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
