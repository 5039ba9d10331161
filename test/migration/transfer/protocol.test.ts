import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  abortRequestSchema,
  decisionIn,
  isForeignEntity,
  problemIn,
  transferRequestSchema,
} from "../../../src/migration/transfer/protocol.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { abortOf, transferOf } from "../lone-node.ts";

const sentTo = {
  transfer_id: "a".repeat(32),
  destination_node_id: "there",
  destination_tank_id: "lake",
};
const good = {
  transfer_id: sentTo.transfer_id,
  node_id: "there",
  tank_id: "lake",
  epoch: 1,
  decision: "accepted",
  reason: null,
};

describe("a decision", () => {
  test("is one only from the node and tank that were asked, whole and with status 200", () => {
    expect(decisionIn({ status: 200, body: good }, sentTo)).toMatchObject({ decision: "accepted" });
    for (const key of Object.keys(good)) {
      const { [key as keyof typeof good]: _left, ...rest } = good;
      expect(decisionIn({ status: 200, body: rest }, sentTo)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
        fc.pre(status !== 200);
        expect(decisionIn({ status, body: good }, sentTo)).toBeUndefined();
      }),
    );
  });

  test("is in nothing else that a peer may say", () => {
    const keys = fc.constantFrom(...Object.keys(good), "type", "other");
    const anything = fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue()));
    fc.assert(
      fc.property(anything, (body) => {
        expect(decisionIn({ status: 200, body }, sentTo)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(keys, fc.jsonValue(), (key, value) => {
        fc.pre(value !== good[key as keyof typeof good]);
        const harmless =
          (key === "epoch" && Number.isInteger(value) && Number(value) >= 0) ||
          (key === "reason" && typeof value === "string");
        fc.pre(!harmless);
        expect(
          decisionIn({ status: 200, body: { ...good, [key]: value } }, sentTo),
        ).toBeUndefined();
      }),
    );
  });
});

describe("the requests", () => {
  test("are read strictly", () => {
    const transfer = transferOf("nemo");
    expect(transferRequestSchema.parse(transfer)).toEqual(transfer);
    expect(abortRequestSchema.parse(abortOf(transfer))).toEqual(abortOf(transfer));
    for (const key of Object.keys(transfer)) {
      const { [key as keyof typeof transfer]: _left, ...rest } = transfer;
      expect(transferRequestSchema.safeParse(rest).success).toBe(false);
      expect(transferRequestSchema.safeParse({ ...transfer, [`${key}_`]: 1 }).success).toBe(false);
    }
    expect(abortRequestSchema.safeParse(transfer).success).toBe(false);
  });

  test("take a record up to its limit and no further", () => {
    const record = (bytes: number) => ({
      ...transferOf("nemo"),
      record: new Uint8Array(bytes).toBase64(),
    });
    const limit = LIMITS.entityRecordBytesMax;
    expect(transferRequestSchema.safeParse(record(limit)).success).toBe(true);
    expect(transferRequestSchema.safeParse(record(limit + 3)).success).toBe(false);
  });

  test("of another world are known as such", () => {
    expect(isForeignEntity({ destination_world_id: "w", entity_data: {} })).toBe(true);
    expect(isForeignEntity({ destination_tank_id: "t", entity_data: {} })).toBe(true);
    expect(isForeignEntity({ species: "neural" }, { destination_tank_id: "t" })).toBe(true);
    expect(isForeignEntity({ ...transferOf("nemo"), entity_type: "crab" })).toBe(true);
    const plant = { ...transferOf("nemo"), entity_type: "plant" };
    for (const body of [transferOf("nemo"), plant, {}, null, "fish", 7]) {
      expect(isForeignEntity(body)).toBe(false);
    }
  });
});

test("a problem is read by its code, and anything else by its status", () => {
  const body = { type: "urn:tankd:problem:too_many", retry_after_ms: 40, title: "…" };
  expect(problemIn({ status: 429, body })).toEqual({ code: "too_many", retryAfterMs: 40 });
  const headers = { "retry-after": "7" };
  expect(problemIn({ status: 429, body: "<html>", headers })).toEqual({
    code: "status_429",
    retryAfterMs: 7_000,
  });
  expect(problemIn({ status: 502, body: "<html>" })).toEqual({
    code: "status_502",
    retryAfterMs: 0,
  });
});
