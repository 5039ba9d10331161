import { expect, test } from "bun:test";
import type { JournalWrite } from "../../../src/store/journal.ts";
import type { TransferCountRow } from "../../../src/store/rows.ts";
import { eventRow, inboxRow, movedTankRow, moveRow, outboxRow } from "../rows.ts";
import { BOUNDS, type Opened, PAIR } from "./subject.ts";

const OTHERS = "t9";

export function tanksMove(opened: Opened): void {
  const sent = outboxRow("x1");
  const settled = { attempts: 1, reason: null, updated_at: 9 } as const;
  const between = { destination_tank_id: OTHERS, source_tank_id: "t1" };
  const decided = { ...inboxRow("y1"), source_tank_id: OTHERS, destination_tank_id: "t1" };
  const horizon = { ...PAIR, destination_tank_id: "t1", lowest_undecided: 4 };
  const count: TransferCountRow = {
    side: "in",
    node_id: "n1",
    source_tank_id: OTHERS,
    destination_tank_id: "t1",
    entity_type: "fish",
    state: "accepted",
    count: 7,
  };
  /** Rows of other tanks, those at the other end of its transfers among them. */
  const ofOthers: readonly JournalWrite[] = [
    { put: "outbox", row: { ...outboxRow("x8", 8), source_tank_id: OTHERS } },
    { put: "inbox", row: { ...inboxRow("x1"), source_node_id: "here" } },
    { put: "horizon", row: { ...horizon, destination_tank_id: OTHERS } },
    { put: "event", row: eventRow("x8", 8) },
    { put: "transfer_count", row: { ...count, destination_tank_id: OTHERS } },
    { put: "transfer_count", row: { ...count, side: "out", source_tank_id: OTHERS } },
  ];
  const ofTank: readonly JournalWrite[] = [
    { put: "outbox", row: sent },
    { put: "outbox", row: { ...outboxRow("x2", 2), ...between, source_node_id: "n7" } },
    { update: "outbox", transfer_id: "x2", state: "delivered", ...settled },
    { put: "inbox", row: decided },
    { put: "horizon", row: horizon },
    { put: "event", row: eventRow("x1", 1) },
    { put: "transfer_count", row: count },
    { put: "transfer_count", row: { ...count, side: "out", source_tank_id: "t1" } },
  ];

  test("moves and owners come back, and are replaced", async () => {
    const { journal, subject } = await opened();
    await journal.commit([
      { put: "move", row: moveRow("m2", 2) },
      { put: "move", row: moveRow("m1", 1) },
      { put: "move", row: moveRow("m3", 3) },
      { put: "moved_tank", row: movedTankRow("t2") },
      { put: "moved_tank", row: movedTankRow("t1") },
    ]);
    const moved = { ...moveRow("m2", 2), state: "moved", reason: "so" } as const;
    const back = { ...movedTankRow("t1"), epoch: 3, node_id: "here" };
    await journal.commit([
      { put: "move", row: moved },
      { remove: "move", move_id: "m3" },
      { put: "moved_tank", row: back },
    ]);
    const expected = [
      [moveRow("m1", 1), moved],
      [back, movedTankRow("t2")],
    ] as const;
    expect([await journal.moves(), await journal.movedTanks()]).toEqual([...expected]);
    const again = (await subject.reopen()).journal;
    expect([await again.moves(), await again.movedTanks()]).toEqual([...expected]);
    await again.commit([{ remove: "everything" }]);
    expect([await again.moves(), await again.movedTanks()]).toEqual([[], []]);
  });

  test("the transfers of a tank are read, and go, alone", async () => {
    const { journal } = await opened();
    await journal.commit([...ofOthers, ...ofTank]);
    const all = await journal.transferCounts();
    expect(await journal.tankTransfers("t1")).toEqual({
      outbox: [
        sent,
        {
          ...outboxRow("x2", 2),
          ...between,
          ...settled,
          source_node_id: "n7",
          state: "delivered",
          record: new Uint8Array(),
        },
      ],
      inbox: [decided],
      horizons: [horizon],
      counts: [count, { ...count, side: "out", source_tank_id: "t1" }],
      events: [eventRow("x1", 1)],
    });
    await journal.commit([{ remove: "tank_transfers", tank_id: "t1" }]);
    expect(await journal.tankTransfers("t1")).toEqual({
      outbox: [],
      inbox: [],
      horizons: [],
      counts: [],
      events: [],
    });
    expect(await journal.horizon(horizon)).toBe(0);
    const rest = await journal.tankTransfers(OTHERS);
    expect(rest.outbox.map(({ transfer_id }) => transfer_id)).toEqual(["x8"]);
    expect(rest.horizons).toHaveLength(1);
    expect(rest.counts).toHaveLength(2);
    expect(await journal.inboxRows("x1")).toHaveLength(1);
    expect(await journal.events("x8")).toHaveLength(1);
    const left = await journal.transferCounts();
    expect(left.map((row) => row.count).reduce((a, b) => a + b)).toBe(2 * 7 + 2);
    // Elsewhere they count as they did.
    await journal.commit(ofTank);
    expect(await journal.transferCounts()).toEqual(all);
  });

  test("events of transfers that went with their tank do not fill the bound", async () => {
    const { journal } = await opened();
    const many = Array.from({ length: BOUNDS.transferEventsMax }, (_, n) => eventRow("x1", n));
    await journal.commit([
      { put: "outbox", row: sent },
      ...many.map((row): JournalWrite => ({ put: "event", row })),
    ]);
    await journal.commit([{ remove: "tank_transfers", tank_id: "t1" }]);
    await journal.commit([{ put: "event", row: eventRow("x5", 1) }]);
    expect(await journal.events("x5")).toHaveLength(1);
  });
}
