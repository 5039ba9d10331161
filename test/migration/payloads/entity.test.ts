import { describe, expect, test } from "bun:test";
import { entityPayloads } from "../../../src/migration/payloads/entity.ts";
import type { Entry } from "../../../src/migration/payloads/payload.ts";
import {
  apply,
  createTank,
  fishOf,
  plantsOf,
  saveTank,
  selectMigrants,
  statsOf,
  type Tank,
} from "../../../src/sim/index.ts";
import type { JournalWrite } from "../../../src/store/journal.ts";
import { ENTITY_TYPES } from "../../../src/store/rows.ts";
import type { Tanks } from "../../../src/tanks/tanks.ts";

/** What leaves its tank. */
const MOVING = ["fish", "plant"] as const;

const NOTE: JournalWrite = { put: "meta", key: "k", value: "v" };

/** Worlds without time, and what would be committed with each command. */
class Shelf {
  readonly tanks = new Map<string, Tank>();
  readonly committed: (readonly JournalWrite[])[] = [];

  constructor(...names: readonly string[]) {
    for (const [index, name] of names.entries()) {
      const tankKey = `${index + 1}`.padStart(16, "0");
      this.tanks.set(name, createTank({ seed: index + 1, fish: 3, tankKey }));
    }
  }

  of(name: string): Tank {
    const tank = this.tanks.get(name);
    if (tank === undefined) throw new Error(`no tank ${name}`);
    return tank;
  }

  readonly submit: Tanks["submit"] = async (tankId, command, alongside) => {
    const stamped = { outcome: apply(this.of(tankId), command), seq: 1, tick: 0, epoch: 4 };
    this.committed.push(alongside?.(stamped) ?? []);
    return stamped;
  };

  async commit(writes: readonly JournalWrite[]): Promise<void> {
    this.committed.push(writes);
  }

  /** The ids of one kind in a tank. */
  ids(name: string, type: "fish" | "plant"): readonly string[] {
    const tank = this.of(name);
    if (type === "fish") return fishOf(tank).map((fish) => fish.fish_id);
    return plantsOf(tank).map((plant) => plant.plant_id);
  }
}

async function sealed(shelf: Shelf, type: "fish" | "plant", entityId: string) {
  let record: Uint8Array | undefined;
  await entityPayloads(shelf, shelf)[type].seal(
    { tankId: "reef", entityId, side: "right" },
    (bytes) => {
      record = bytes;
      return [NOTE];
    },
  );
  return record;
}

describe.each(MOVING)("a %s", (type) => {
  test("leaves its tank, and lives in another under the same id", async () => {
    const shelf = new Shelf("reef", "pond");
    const payload = entityPayloads(shelf, shelf)[type];
    const [entityId = ""] = shelf.ids("reef", type);
    // A spot for a plant is free only where another one has left.
    const [guest = ""] = shelf.ids("pond", type);
    await shelf.submit("pond", { kind: "export", entityId: guest, side: "left" });
    const record = await sealed(shelf, type, entityId);
    if (record === undefined) throw new Error("it has not left");
    expect(shelf.committed.at(-1)).toEqual([NOTE]);
    expect(shelf.ids("reef", type)).not.toContain(entityId);
    expect(payload.read(record)).toEqual({ entityId });
    const entries: Entry[] = [];
    await payload.import({ tankId: "pond", record, side: "left", mayReplace: true }, (entry) => {
      entries.push(entry);
      return [NOTE];
    });
    expect(entries).toEqual([{ refusal: null, epoch: 4 }]);
    expect(shelf.ids("pond", type)).toContain(entityId);
    expect(shelf.committed.at(-1)).toEqual([NOTE]);
  });

  test("comes back where it was, once", async () => {
    const shelf = new Shelf("reef");
    const payload = entityPayloads(shelf, shelf)[type];
    const before = shelf.ids("reef", type);
    const [entityId = ""] = before;
    const record = await sealed(shelf, type, entityId);
    if (record === undefined) throw new Error("it has not left");
    const order = { tankId: "reef", record };
    expect(await payload.restore(order, () => [NOTE])).toBeUndefined();
    expect(shelf.ids("reef", type).toSorted()).toEqual(before.toSorted());
    expect(shelf.committed.at(-1)).toEqual([NOTE]);
    expect(await payload.restore(order, () => [NOTE])).toMatchObject({ reason: "duplicate_fish" });
    expect(shelf.committed.at(-1)).toEqual([]);
  });

  test("that is not in the tank does not leave, and nothing is committed with it", async () => {
    const shelf = new Shelf("reef");
    expect(await sealed(shelf, type, "nobody")).toBeUndefined();
    expect(shelf.committed).toEqual([[]]);
  });

  test("that is refused says why, with the writes of its refusal", async () => {
    const shelf = new Shelf("reef", "pond");
    const [entityId = ""] = shelf.ids("reef", type);
    const record = await sealed(shelf, type, entityId);
    if (record === undefined) throw new Error("it has not left");
    const payload = entityPayloads(shelf, shelf)[type];
    const enter = async () => {
      let refusal: string | null = "";
      await payload.import({ tankId: "pond", record, side: "left", mayReplace: true }, (entry) => {
        refusal = entry.refusal;
        return [NOTE];
      });
      return refusal;
    };
    // Until the tank is full, or the fish is in it already.
    await enter();
    expect(["tank_full", "duplicate_fish"]).toContain(await enter());
    expect(shelf.committed.at(-1)).toEqual([NOTE]);
  });

  test("is read as nothing else", async () => {
    const shelf = new Shelf("reef");
    const [entityId = ""] = shelf.ids("reef", type);
    const record = await sealed(shelf, type, entityId);
    if (record === undefined) throw new Error("it has not left");
    const other = type === "fish" ? "plant" : "fish";
    const payloads = entityPayloads(shelf, shelf);
    expect(payloads[other].read(record)).toEqual({ entityId: undefined, reason: "bad_record" });
    expect(payloads[type].read(record.subarray(1))).toMatchObject({ entityId: undefined });
  });
});

test("of those that may take a place in a full tank, fish and copies of fish do", async () => {
  const submitted: object[] = [];
  const tanks: Pick<Tanks, "submit"> = {
    submit: async (_tankId, command, alongside) => {
      submitted.push(command);
      const stamped = { outcome: { kind: "done" }, seq: 1, tick: 1, epoch: 1 } as const;
      alongside?.(stamped);
      return stamped;
    },
  };
  const order = { tankId: "reef", record: new Uint8Array(), side: "left" } as const;
  const payloads = entityPayloads(tanks, new Shelf());
  for (const mayReplace of [false, true]) {
    for (const type of ENTITY_TYPES)
      await payloads[type].import({ ...order, mayReplace }, () => []);
  }
  const plain = { kind: "import", record: order.record, side: "left" };
  const copy = { ...plain, copy: true };
  const replaces = true;
  expect(submitted).toEqual([
    ...[plain, plain, copy],
    ...[{ ...plain, replaces }, plain, { ...copy, replaces }],
  ]);
});

describe("a copy", () => {
  test("is born elsewhere with an id of that tank, and the fish stays where it is", async () => {
    const shelf = new Shelf("reef", "pond");
    const before = saveTank(shelf.of("reef"));
    const [migrant] = selectMigrants(shelf.of("reef"), {
      ...{ selection: "oldest", direction: "right", copies: true },
      draws: [0.5],
    } as const);
    if (!migrant?.record) throw new Error("nobody is fit");
    const { copy } = entityPayloads(shelf, shelf);
    const { fishId: entityId, record } = migrant;
    let taken: Uint8Array | undefined;
    await copy.seal({ tankId: "reef", entityId, side: "right", record }, (bytes) => {
      taken = bytes;
      return [NOTE];
    });
    expect([taken, shelf.committed]).toEqual([record, [[NOTE]]]);
    const born = ledgerIn(shelf, "pond").born;
    const entries: Entry[] = [];
    const order = { tankId: "pond", record, side: "left", mayReplace: false } as const;
    for (let time = 0; time < 2; time++) {
      await copy.import(order, (entry) => {
        entries.push(entry);
        return [NOTE];
      });
    }
    expect(entries.map(({ refusal }) => refusal)).toEqual([null, null]);
    expect(ledgerIn(shelf, "pond").born).toBe(born + 2);
    const copies = fishOf(shelf.of("pond")).filter((fish) => fish.parent_ids.includes(entityId));
    expect(copies).toHaveLength(2);
    expect(new Set([entityId, ...copies.map((fish) => fish.fish_id)]).size).toBe(3);
    // Refused, it leaves nothing: the fish was there all the while.
    expect(await copy.restore({ tankId: "reef", record }, () => [NOTE])).toBeUndefined();
    expect(shelf.committed.at(-1)).toEqual([NOTE]);
    expect(saveTank(shelf.of("reef"))).toEqual(before);
  });
});

function ledgerIn(shelf: Shelf, tank: string) {
  return statsOf(shelf.of(tank)).ledger;
}
