import { expect, test } from "bun:test";
import fc from "fast-check";
import { GENE_CELLS, RATES_AT, TRANSFERS_AT } from "../../src/sim/heredity/genes.ts";
import { apply, createTank, RECORD_BYTES, readRecord, saveTank } from "../../src/sim/index.ts";
import { hashBytes } from "../../src/sim/wire/hash.ts";
import { exportOne, OTHER_KEY, run, specs, tankOf } from "./scripts.ts";

const HEADER = 24;
const WORDS_AT = HEADER + 13 * 8;
const GENES_AT = WORDS_AT + 16 * 4;

function sampleRecord(): Uint8Array {
  return exportOne(run(tankOf(11, 60), 1_200), 3).record;
}

/** The record with another content and a checksum that fits it. */
function forge(record: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = record.slice();
  const view = new DataView(copy.buffer);
  change(view);
  const [first = 0, second = 0] = hashBytes(copy.subarray(HEADER));
  view.setUint32(12, first, true);
  view.setUint32(16, second, true);
  return copy;
}

test("a record is small and names its fish", () => {
  const { record, entityId } = exportOne(run(tankOf(11, 60), 1_200), 3);
  expect(record.length).toBe(RECORD_BYTES);
  expect(RECORD_BYTES).toBeLessThanOrEqual(16 * 1024);
  expect(readRecord(record)).toMatchObject({ kind: "ok", fishId: entityId, version: 1 });
});

test("what is read out of a larger buffer is the same", () => {
  const record = sampleRecord();
  const padded = new Uint8Array(record.length + 13);
  padded.set(record, 5);
  expect(readRecord(padded.subarray(5, 5 + record.length))).toEqual(readRecord(record));
});

test("every living fish of every world has a record that is read back whole", () => {
  fc.assert(
    fc.property(specs(), fc.nat(2_000), (spec, ticks) => {
      const source = run(createTank(spec), ticks);
      const destination = createTank({ ...spec, fish: 0, tankKey: OTHER_KEY });
      for (let left = Math.min(20, source.counters.fish); left > 0; left--) {
        const entityId = `${spec.tankKey}-${source.fish.counter[0]}`;
        const out = apply(source, { kind: "export", entityId, side: "left" });
        if (out.kind !== "done" || out.record === undefined) throw new Error("not exported");
        expect(readRecord(out.record)).toMatchObject({ kind: "ok", fishId: entityId });
        expect(apply(destination, { kind: "import", record: out.record, side: "left" })).toEqual({
          kind: "done",
          entityId,
        });
      }
    }),
    { numRuns: 30 },
  );
});

test("each damaged record is refused with a reason and changes nothing", () => {
  const record = sampleRecord();
  const tank = tankOf(12, 20, OTHER_KEY);
  const before = saveTank(tank);
  const damage = fc.oneof(
    fc.tuple(fc.nat(record.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
      const copy = record.slice();
      copy[at] = (copy[at] ?? 0) ^ bits;
      return copy;
    }),
    fc.nat(record.length - 1).map((length) => record.slice(0, length)),
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((tail) => Uint8Array.of(...record, ...tail)),
    fc.uint8Array({ maxLength: 600 }),
  );
  fc.assert(
    fc.property(damage, (bytes) => {
      for (const kind of ["import", "restore"] as const) {
        const outcome = apply(tank, { kind, record: bytes, side: "left" });
        expect(outcome.kind).toBe("rejected");
        if (outcome.kind === "rejected") expect(outcome.detail.length).toBeGreaterThan(5);
      }
    }),
    { numRuns: 3_000 },
  );
  expect(saveTank(tank)).toEqual(before);
});

test("another version is told apart from damage", () => {
  const other = sampleRecord();
  new DataView(other.buffer).setUint16(4, 2, true);
  expect(readRecord(other)).toMatchObject({ kind: "bad", reason: "unsupported_version" });
});

const REALS = [
  "x",
  "y",
  "vx",
  "vy",
  "headingX",
  "headingY",
  "energy",
  "bank",
  "bornTick",
  "counter",
  "motherCounter",
  "fatherCounter",
  "pokerNet",
];

for (const [index, name] of REALS.entries()) {
  test(`a forged ${name} is refused, not clamped`, () => {
    const record = sampleRecord();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1e12, 1e300, 0.1 + 2 ** 54]) {
      const forged = forge(record, (view) => view.setFloat64(HEADER + 8 * index, value, true));
      expect(readRecord(forged)).toMatchObject({ kind: "bad", reason: "bad_record" });
    }
  });
}

test("a forged gene is refused, also a meta-gene and a step between two steps", () => {
  const record = sampleRecord();
  const template = GENES_AT + 8 * 4;
  for (const [at, value] of [
    [GENES_AT, 2.1],
    [GENES_AT, Number.NaN],
    [GENES_AT + 6 * 4, 1],
    [template, 2.5],
    [template, 6],
    [GENES_AT + RATES_AT * 4, 0.3],
    [GENES_AT + (TRANSFERS_AT - 1) * 4, 3.1],
    [GENES_AT + (GENE_CELLS - 1) * 4, 1.1],
  ] as const) {
    const forged = forge(record, (view) => view.setFloat32(at, value, true));
    expect(readRecord(forged)).toMatchObject({ kind: "bad", reason: "bad_record" });
  }
});

test("a forged body or lineage that contradicts itself is refused", () => {
  const record = sampleRecord();
  const word = (index: number) => WORDS_AT + 4 * index;
  const changes: [string, (view: DataView) => void][] = [
    ["too old for its genome", (v) => v.setUint32(word(6), 100_000, true)],
    ["more energy than it can hold", (v) => v.setFloat64(HEADER + 48, 400, true)],
    ["more in the bank than it can hold", (v) => v.setFloat64(HEADER + 56, 1_000, true)],
    ["faster than its body", (v) => v.setFloat64(HEADER + 16, 5.28, true)],
    ["a heading that is no direction", (v) => v.setFloat64(HEADER + 32, 0, true)],
    ["half a parent", (v) => v.setFloat64(HEADER + 80, 0, true)],
    ["hops at the end of counting", (v) => v.setUint32(word(8), 0xffff_ffff, true)],
    [
      "its own mother",
      (v) => {
        v.setFloat64(HEADER + 80, v.getFloat64(HEADER + 72, true), true);
        v.setUint32(word(2), v.getUint32(word(0), true), true);
        v.setUint32(word(3), v.getUint32(word(1), true), true);
      },
    ],
  ];
  const born = forge(record, (view) => {
    view.setUint32(word(2), 5, true);
    view.setFloat64(HEADER + 80, 9, true);
  });
  expect(readRecord(born).kind).toBe("ok");
  for (const [, change] of changes) {
    expect(readRecord(forge(born, change))).toMatchObject({ kind: "bad", reason: "bad_record" });
  }
});

test("whatever passes the checks can live in a tank", () => {
  const record = sampleRecord();
  let lived = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(record.length - 25), fc.nat(255))), (edits) => {
      const forged = forge(record, (view) => {
        for (const [at, value] of edits) view.setUint8(HEADER + at, value);
      });
      const tank = tankOf(1, 5, OTHER_KEY);
      const outcome = apply(tank, { kind: "import", record: forged, side: "left" });
      if (outcome.kind === "rejected") return;
      lived += 1;
      run(tank, 30);
    }),
    { numRuns: 500 },
  );
  expect(lived).toBeGreaterThan(0);
});
