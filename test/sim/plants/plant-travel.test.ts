import { expect, test } from "bun:test";
import {
  apply,
  digest,
  loadTank,
  plantLedgerOf,
  plantMigrants,
  plantsOf,
  readPlantRecord,
  saveTank,
  type Tank,
} from "../../../src/sim/index.ts";
import type { PlantRow } from "../../../src/sim/plants/plant-row.ts";
import { OTHER_KEY, run, tankOf } from "../scripts.ts";

function exportPlant(tank: Tank, plantId: string): Uint8Array {
  const out = apply(tank, { kind: "export", entityId: plantId, side: "left" });
  if (out.kind === "done" && out.record !== undefined) return out.record;
  throw new Error(`${plantId} was not exported`);
}

function rowOf(record: Uint8Array): PlantRow {
  const read = readPlantRecord(record);
  if (read.kind === "bad") throw new Error(read.detail);
  return read.row;
}

function somePlant(tank: Tank): string {
  const [first] = plantsOf(tank);
  if (first === undefined) throw new Error("no plants");
  return first.plant_id;
}

test("ten hops change nothing but hops and spot", () => {
  const tanks = [run(tankOf(1, 10), 900), run(tankOf(2, 10, OTHER_KEY), 900)] as const;
  const plantId = somePlant(tanks[0]);
  const first = exportPlant(tanks[0], plantId);
  let record = first;
  for (let hop = 1; hop <= 10; hop++) {
    const tank = tanks[hop % 2 === 1 ? 1 : 0];
    const side = hop % 3 === 0 ? "right" : "left";
    expect(apply(tank, { kind: "import", record, side })).toEqual({
      kind: "done",
      entityId: plantId,
    });
    const own = plantMigrants(tank).find((plant) => plant.plantId === plantId);
    if (own !== undefined) expect(own.side).toBe(side);
    record = exportPlant(tank, plantId);
  }
  const { hops, spot } = rowOf(record);
  expect({ ...rowOf(first), hops, spot }).toEqual(rowOf(record));
  expect(hops).toBe(10);
});

test("a plant that was away and came back leaves no trace", () => {
  const [tank, twin] = [run(tankOf(3, 20), 700), run(tankOf(3, 20), 700)];
  const plantId = somePlant(tank);
  const record = exportPlant(tank, plantId);
  expect(plantsOf(tank).map((plant) => plant.plant_id)).not.toContain(plantId);
  expect(digest(tank)).not.toBe(digest(twin));
  expect(apply(tank, { kind: "restore", record })).toEqual({ kind: "done", entityId: plantId });
  expect(digest(tank)).toBe(digest(twin));
  expect(digest(run(tank, 100))).toBe(digest(run(twin, 100)));
});

test("a plant is in one place, and a garden without a free spot takes none but its own", () => {
  const [tank, other] = [run(tankOf(3, 20), 700), run(tankOf(4, 20, OTHER_KEY), 700)];
  const record = exportPlant(tank, somePlant(tank));
  expect(apply(other, { kind: "import", record, side: "left" }).kind).toBe("done");
  for (const kind of ["import", "restore"] as const) {
    const again = apply(other, { kind, record, side: "left" });
    expect(again).toMatchObject({ kind: "rejected", reason: "duplicate_fish" });
  }
  let seed = 10;
  let full: ReturnType<typeof apply> = { kind: "done" };
  while (full.kind === "done") {
    const key = seed.toString(16).padStart(16, "0");
    const donor = tankOf(seed++, 5, key);
    const next = exportPlant(donor, somePlant(donor));
    full = apply(other, { kind: "import", record: next, side: "right" });
    if (full.kind === "rejected") {
      expect(full.reason).toBe("tank_full");
      expect(apply(other, { kind: "restore", record: next }).kind).toBe("done");
    }
  }
  expect(plantLedgerOf(other).imported).toBeGreaterThan(5);
  run(other, 50);
});

test("a plant of a future this tank has not seen is refused", () => {
  const record = exportPlant(run(tankOf(3, 20), 700), somePlant(run(tankOf(3, 20), 700)));
  const younger = tankOf(3, 1);
  expect(apply(younger, { kind: "restore", record })).toMatchObject({ kind: "rejected" });
});

test("a full garden with plants between its spots is loaded with room for all", () => {
  const tank = run(tankOf(6, 20), 700);
  const records = plantsOf(tank).map(({ plant_id }) => exportPlant(tank, plant_id));
  for (const seed of [7, 8, 9]) {
    const other = run(tankOf(seed, 20, `00000000000000${seed}${seed}`), 700);
    for (const { plant_id } of plantsOf(other)) {
      apply(tank, { kind: "import", record: exportPlant(other, plant_id), side: "left" });
    }
  }
  for (const record of records) apply(tank, { kind: "restore", record });
  expect(plantsOf(tank).length).toBeGreaterThan(tank.plantSpots);
  const loaded = loadTank(saveTank(tank));
  expect(loaded.arena.food.capacity).toBe(tank.arena.food.capacity);
  expect(digest(run(loaded, 2000))).toBe(digest(run(tank, 2000)));
});
