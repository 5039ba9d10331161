import { expect, test } from "bun:test";
import { eventRow, inboxRow, outboxRow } from "../rows.ts";
import { BOUNDS, type Opened, PAIR } from "./subject.ts";

export function eventsAreBounded(opened: Opened): void {
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

export function transfersAreBounded(opened: Opened): void {
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
    expect(await present((id) => journal.inboxRow("n1", id))).toEqual(ids);
    const elsewhere = { ...PAIR, source_node_id: "n9" };
    await journal.commit([
      { put: "horizon", row: { ...elsewhere, lowest_undecided: 1000 } },
      { put: "horizon", row: { ...PAIR, lowest_undecided: 41 } },
    ]);
    await decide("next", ids.length);
    expect(await present((id) => journal.inboxRow("n1", id))).toEqual(ids.slice(40));
    await journal.commit([{ put: "horizon", row: { ...PAIR, lowest_undecided: 1000 } }]);
    await decide("last", ids.length + 1);
    const kept = await present((id) => journal.inboxRow("n1", id));
    expect(kept.length).toBeLessThan(BOUNDS.transfersKeptMax);
    expect(kept).toEqual(ids.slice(-kept.length));
  });
}

export function decisionsAreRemoved(opened: Opened): void {
  const remove = { remove: "decisions", source_node_ids: ["n1", "n2"], rowsMax: 3 } as const;

  test("the oldest of some nodes go, and the horizons of their pairs rise above them", async () => {
    const { journal, subject } = await opened();
    for (const [index, node] of ["n1", "n3", "n1", "n2", "n1", "n1"].entries()) {
      const row = { ...inboxRow(`x${index}`), source_node_id: node, sequence: index + 1 };
      await journal.commit([{ put: "inbox", row }]);
    }
    const before = await journal.transferCounts();
    await journal.commit([remove]);
    const kept = async (of: typeof journal) =>
      (await of.inbox({ limit: 99 })).map(({ transfer_id }) => transfer_id).toSorted();
    expect(await kept(journal)).toEqual(["x1", "x3", "x4", "x5"]);
    expect(await journal.horizons()).toEqual([{ ...PAIR, lowest_undecided: 4 }]);
    expect(await journal.transferCounts()).toEqual(before);
    await journal.commit([remove]);
    const again = (await subject.reopen()).journal;
    expect(await kept(again)).toEqual(["x1", "x3", "x4", "x5"]);
    expect(await again.horizon(PAIR)).toBe(4);
    expect(await again.transferCounts()).toEqual(before);
  });

  test("a horizon never falls, whoever declares what", async () => {
    const { journal } = await opened();
    const declare = (lowest_undecided: number) =>
      journal.commit([{ put: "horizon", row: { ...PAIR, lowest_undecided } }]);
    await declare(7);
    await declare(3);
    expect(await journal.horizon(PAIR)).toBe(7);
    await declare(8);
    expect(await journal.horizon(PAIR)).toBe(8);
  });
}
