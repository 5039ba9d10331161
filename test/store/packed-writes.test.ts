import { expect, test } from "bun:test";
import fc from "fast-check";
import { packWrites, unpackWrites } from "../../src/store/sqlite/thread/packed-writes.ts";
import { connectionRow, inboxRow, logRow, outboxRow, rememberedRow, tankRow } from "./rows.ts";

test("writes come out as they went in, bytes and all", () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  // Some of the bytes are a part of a larger buffer.
  const part = bytes.map((all) => all.subarray(Math.floor(all.length / 2)));
  const write = fc.oneof(
    fc.tuple(fc.integer(), part).map(([seq, payload]) => {
      return { put: "log", row: { ...logRow("t1", seq), payload } } as const;
    }),
    fc.tuple(fc.string({ unit: "binary" }), bytes).map(([id, record]) => {
      return { put: "outbox", row: { ...outboxRow("o", 1), connection_id: id, record } } as const;
    }),
    fc.string({ unit: "binary" }).map((key) => ({ put: "meta", key, value: key }) as const),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((rate) => {
      return { put: "connection", row: { ...connectionRow("c"), rate: rate + 0 } } as const;
    }),
    fc.constantFrom(
      { put: "tank", row: tankRow("t1") } as const,
      { put: "inbox", row: inboxRow("i") } as const,
      { put: "remembered", row: rememberedRow("n", 3) } as const,
      { remove: "log", tank_id: "t1", up_to_seq: 4 } as const,
    ),
  );
  fc.assert(
    fc.property(fc.array(write, { maxLength: 8 }), (writes) => {
      expect(unpackWrites(structuredClone(packWrites(writes)))).toEqual(writes);
    }),
  );
});
