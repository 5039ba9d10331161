import { expect, test } from "bun:test";
import { fuzzRecords } from "./record-fuzz.ts";

test("twenty thousand damaged records are refused, each with a reason, and leave no trace", () => {
  const { refused, damage, reasons } = fuzzRecords(20_000, 1);
  expect(refused).toBe(20_000);
  expect(Object.keys(damage).length).toBe(7);
  expect(damage["forged number"]).toBeGreaterThan(9_000);
  expect(Object.keys(reasons).sort()).toEqual(["bad_record", "unsupported_version"]);
});
