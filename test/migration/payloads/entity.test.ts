import { describe, expect, test } from "bun:test";
import { entityPayloads } from "../../../src/migration/payloads/entity.ts";
import type { Entry } from "../../../src/migration/payloads/payload.ts";
import { apply, createTank, fishOf, plantsOf, type Tank } from "../../../src/sim/index.ts";
import type { JournalWrite } from "../../../src/store/journal.ts";
import { ENTITY_TYPES } from "../../../src/store/rows.ts";
import type { Tanks } from "../../../src/tanks/tanks.ts";

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

  /** The ids of one kind in a tank. */
  ids(name: string, type: "fish" | "plant"): readonly string[] {
    const tank = this.of(name);
    if (type === "fish") return fishOf(tank).map((fish) => fish.fish_id);
    return plantsOf(tank).map((plant) => plant.plant_id);
  }
}

async function sealed(shelf: Shelf, type: "fish" | "plant", entityId: string) {
  let record: Uint8Array | undefined;
  await entityPayloads(shelf)[type].seal({ tankId: "reef", entityId, side: "right" }, (bytes) => {
    record = bytes;
    return [NOTE];
  });
  return record;
}

describe.each(ENTITY_TYPES)("a %s", (type) => {
  test("leaves its tank, and lives in another under the same id", async () => {
    const shelf = new Shelf("reef", "pond");
    const payload = entityPayloads(shelf)[type];
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
    const payload = entityPayloads(shelf)[type];
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
    const payload = entityPayloads(shelf)[type];
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
    const payloads = entityPayloads(shelf);
    expect(payloads[other].read(record)).toEqual({ entityId: undefined, reason: "bad_record" });
    expect(payloads[type].read(record.subarray(1))).toMatchObject({ entityId: undefined });
  });
});

test("a fish in a full tank takes a place by the policy of its node alone", async () => {
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
  for (const replacement of ["refuse", "fair"] as const) {
    const payloads = entityPayloads(tanks, undefined, replacement);
    for (const type of ENTITY_TYPES) {
      await payloads[type].import({ ...order, mayReplace: true }, () => []);
    }
    await payloads.fish.import({ ...order, mayReplace: false }, () => []);
  }
  const plain = { kind: "import", record: order.record, side: "left" };
  const fair = [{ ...plain, replaces: true }, plain, plain];
  expect(submitted).toEqual([plain, plain, plain, ...fair]);
});
