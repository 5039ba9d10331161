import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { apply, readPlantRecord, readRecord, type Tank } from "../../src/sim/index.ts";
import { isTaken } from "../../src/sim/plants/spots.ts";
import { bytesOf, plainRow } from "./fixtures/golden-record.ts";
import { OTHER_KEY, run, tankOf } from "./scripts.ts";

const FIXTURES = join(import.meta.dir, "fixtures");
const NAMES = readdirSync(FIXTURES)
  .filter((name) => name.endsWith(".hex"))
  .map((name) => name.replace(/\.hex$/, ""));

test("there are records of fish and plants", () => {
  expect(NAMES.sort()).toEqual(["fish-child-v1", "fish-traveller-v1", "plant-v1"]);
});

describe.each(NAMES)("%s", (name) => {
  const bytes = bytesOf(readFileSync(join(FIXTURES, `${name}.hex`), "utf8"));
  const read = name.startsWith("plant") ? readPlantRecord(bytes) : readRecord(bytes);

  test("still says the same", () => {
    if (read.kind === "bad") throw new Error(read.detail);
    expect(plainRow(read.row)).toEqual(
      JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), "utf8")),
    );
  });

  test("comes out of a tank as it went in, byte by byte", () => {
    const tank = tankFor(read.kind === "ok" ? read.row : undefined);
    const back = apply(tank, { kind: "restore", record: bytes });
    if (back.kind !== "done" || back.entityId === undefined) throw new Error("was not taken");
    const out = apply(tank, { kind: "export", entityId: back.entityId, side: "left" });
    expect(out).toEqual({ kind: "done", entityId: back.entityId, record: bytes });
  });
});

/** A tank where the plant finds its spot free; any tank for a fish. */
function tankFor(row: object | undefined): Tank {
  for (let seed = 1; ; seed++) {
    const tank = run(tankOf(seed, 20, OTHER_KEY), 30);
    if (row === undefined || !("spot" in row) || !isTaken(tank, Number(row.spot))) return tank;
  }
}
