import { expect, test } from "bun:test";
import type { Journal } from "../../../src/store/journal.ts";
import { inboxRow, outboxRow } from "../rows.ts";
import type { Opened } from "./subject.ts";

export function transfersAreFound(opened: Opened): void {
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

  test("each source has decisions of its own under one id", async () => {
    const { journal } = await opened();
    const mine = inboxRow("x1");
    const other = { ...mine, source_node_id: "n2", decision: "aborted" as const };
    await journal.commit([{ put: "inbox", row: mine }]);
    await journal.commit([{ put: "inbox", row: other }]);
    expect(await journal.inboxRow("n1", "x1")).toEqual(mine);
    expect(await journal.inboxRow("n2", "x1")).toEqual(other);
    expect(await journal.inboxRow("n3", "x1")).toBeUndefined();
    expect(await journal.inboxRows("x1")).toEqual([mine, other]);
    expect(await journal.inboxRows("x2")).toEqual([]);
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
