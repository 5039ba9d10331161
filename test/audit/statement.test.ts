import { expect, test } from "bun:test";
import { OwnStatement } from "../../src/audit/own-statement.ts";
import type { Statement } from "../../src/audit/statement.ts";
import { joinPages, pagesOf } from "../../src/audit/statement-pages.ts";
import { checkTank } from "../../src/audit/tank-check.ts";
import { type JournalWrite, TRANSFERS_UNCOUNTED } from "../../src/store/journal.ts";
import { outboxRow } from "../store/rows.ts";
import { Bench } from "../tanks/harness.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 20 };

test("a statement that is too long for one answer comes in pages, and is whole again", () => {
  const ids = Array.from({ length: 45_000 }, (_, index) => `0123456789abcdef-${index + 1}`);
  const pair = { side: "out", node_id: "b", source_tank_id: "t1", entity_type: "fish" } as const;
  const statement: Statement = {
    node_id: "a",
    server_id: "left",
    whole: true,
    tanks: [],
    unread: [{ tank_id: "t9", name: "gone", reason: "stopped" }],
    fish: [{ tank_id: "t1", entity_ids: ids, hops: ids.map((_, index) => index % 3) }],
    escrow: [],
    hosted: ids.slice(0, 8_000).map((tank_id) => ({ tank_id })),
    departed: [{ tank_id: "t7", node_id: "b", epoch: 2 }],
    under_way: [{ tank_id: "t8", name: "lagoon" }],
    pairs: Array.from({ length: 3_000 }, (_, index) => ({
      ...pair,
      destination_tank_id: `0123456789abcde${index}`,
      counts: { delivered: index },
    })),
  };
  const pages = pagesOf(statement, "s1");
  expect(pages.map(({ page, pages: all }) => [page, all])).toEqual(
    pages.map((_, index) => [index, pages.length]),
  );
  const sizes = pages.map((page) => JSON.stringify(page).length);
  expect(Math.max(...sizes)).toBeLessThan(1_000_000);
  const joined = joinPages(pages);
  expect(joined?.fish.flatMap(({ entity_ids }) => entity_ids)).toEqual(ids);
  expect(joined?.fish.flatMap(({ hops }) => hops)).toEqual(statement.fish[0]?.hops ?? []);
  expect(joined?.pairs).toEqual(statement.pairs);
  expect(joined?.unread).toEqual(statement.unread);
  expect(joined?.hosted).toEqual(statement.hosted);
  expect(joined?.departed).toEqual(statement.departed);
  expect(joined?.under_way).toEqual(statement.under_way);
  expect(pagesOf({ ...statement, fish: [], pairs: [], hosted: [] }, "s2")).toHaveLength(1);
});

function noProcess(): never {
  throw new Error("nothing runs");
}

async function hostedReef() {
  const bench = new Bench();
  const tanks = await bench.start();
  const { row } = await bench.settle(tanks.create(REEF));
  const { journal, host } = bench;
  const { timers } = host.process ?? noProcess();
  const ports = { nodeId: "a", cluster: { serverId: "left" }, tanks, journal, timers };
  const own = new OwnStatement(ports);
  const read = async () => {
    const { whole, tanks: stated } = await bench.settle(own.everything());
    const [tank] = stated;
    if (!tank) throw new Error("no tank");
    return { whole, tank };
  };
  /** Leaves without a transfer, as if its row had been removed. */
  const lose = async () => {
    const [fish] = await bench.settle(tanks.fish(row.tank_id));
    const entityId = fish?.fish_id ?? "";
    await bench.settle(tanks.submit(row.tank_id, { kind: "export", entityId, side: "left" }));
  };
  const uncounted = async () => {
    const text = await bench.settle(journal.meta(TRANSFERS_UNCOUNTED));
    return text === undefined ? undefined : JSON.parse(text);
  };
  const mark = (value: object) =>
    bench.settle(
      journal.commit([{ put: "meta", key: TRANSFERS_UNCOUNTED, value: JSON.stringify(value) }]),
    );
  const commit = (writes: readonly JournalWrite[]) => bench.settle(journal.commit(writes));
  return { tankId: row.tank_id, read, lose, uncounted, mark, commit };
}

test("what was never counted is settled at the first census; later losses are found", async () => {
  const { tankId, read, lose, uncounted, mark } = await hostedReef();
  await lose();
  await mark({ [tankId]: null });
  const first = await read();
  expect(first).toMatchObject({ whole: false, tank: { exported: [1, 1], alive: 19 } });
  expect(checkTank(first.tank)).toEqual([]);
  expect(await uncounted()).toEqual({ [tankId]: { exported: 1, restored: 0, imported: 0 } });
  await lose();
  const { tank } = await read();
  expect(checkTank(tank)).toMatchObject([{ kind: "missing", count: 1 }]);
});

test("what the ledger has less is a finding at the first census, too", async () => {
  const { tankId, read, uncounted, mark, commit } = await hostedReef();
  await mark({ [tankId]: null });
  const row = { ...outboxRow("x1"), source_tank_id: tankId, state: "delivered" } as const;
  await commit([{ put: "outbox", row }]);
  const { tank } = await read();
  expect(checkTank(tank)).toMatchObject([{ kind: "double", count: 1 }]);
  expect(await uncounted()).toEqual({ [tankId]: { exported: 0, restored: 0, imported: 0 } });
});

test("where everything was counted, a fish that left without a transfer is missing", async () => {
  const { read, lose, uncounted } = await hostedReef();
  expect(checkTank((await read()).tank)).toEqual([]);
  await lose();
  const { whole, tank } = await read();
  expect([whole, await uncounted()]).toEqual([true, undefined]);
  expect(checkTank(tank)).toMatchObject([{ kind: "missing", count: 1 }]);
});
