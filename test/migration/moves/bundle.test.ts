/** A whole tank as it travels: what is packed is what arrives, and nothing else is taken for it. */
import { expect, test } from "bun:test";
import { encodeBundle, type TankBundle } from "../../../src/migration/moves/bundle-file.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { Prng } from "../../../src/platform/simulated/prng.ts";
import { packedTank } from "./packed-tank.ts";

const DAMAGES = 300;

const { payload, journal, row, bundle } = await packedTank();
const BYTES = encodeBundle(bundle);

function changed(change: Partial<TankBundle>): Uint8Array {
  return encodeBundle({ ...bundle, ...change });
}

test("everything of the tank is in it, and comes out as it was", async () => {
  const read = payload.read(BYTES, row.tank_id, 2);
  expect(read).toEqual(bundle);
  expect(read.row).toEqual(row);
  expect(read.snapshots.length).toBeGreaterThan(1);
  const { outbox, inbox, horizons, connections } = read.rows;
  const own = await journal.tankTransfers(row.tank_id);
  expect(outbox.map(({ source_node_id: _, ...one }) => one)).toEqual(
    own.outbox.map(({ source_node_id: _, ...one }) => one),
  );
  expect(outbox.every((one) => one.source_node_id !== null)).toBe(true);
  expect([inbox, horizons]).toEqual([[...own.inbox], [...own.horizons]]);
  expect(inbox.length).toBeGreaterThan(0);
  expect(read.rows.counts).toEqual([...own.counts]);
  expect(connections).toHaveLength(1);
});

test.each([
  ["another tank", () => BYTES, "fedcba9876543210", 2],
  ["an epoch that it has already", () => BYTES, row.tank_id, 1],
  ["another engine", () => changed({ engineVersion: 99 }), row.tank_id, 2],
  ["a log with a gap", () => changed({ entries: bundle.entries.toSpliced(1, 1) }), row.tank_id, 2],
  [
    "a log without its end",
    () => changed({ entries: bundle.entries.slice(0, -1) }),
    row.tank_id,
    2,
  ],
  ["no snapshot", () => changed({ snapshots: [] }), row.tank_id, 2],
  [
    "a snapshot of other bytes",
    () =>
      changed({
        snapshots: bundle.snapshots.map(({ row: one, file }, at) => ({
          row: one,
          file: at === 0 ? file.map((byte, place) => (place === 50 ? byte ^ 1 : byte)) : file,
        })),
      }),
    row.tank_id,
    2,
  ],
  ["nothing", () => new Uint8Array(), row.tank_id, 2],
  ["half of it", () => BYTES.slice(0, BYTES.length >> 1), row.tank_id, 2],
] as const)("%s is refused", (_, bytes, tankId, epoch) => {
  expect(() => payload.read(bytes(), tankId, epoch)).toThrow(Problem);
});

test("whatever is damaged of it, it is refused as such or as good as before", () => {
  const draws = new Prng(7, "damage");
  for (let n = 0; n < DAMAGES; n++) {
    const bytes = BYTES.slice();
    const at = draws.integer(0, bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << draws.integer(0, 7));
    try {
      payload.read(bytes, row.tank_id, 2);
    } catch (error) {
      expect(error).toBeInstanceOf(Problem);
    }
  }
});
