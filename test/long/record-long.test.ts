import { expect, test } from "bun:test";
import { fuzzRecords } from "../sim/record-fuzz.ts";

test("a million damaged records are refused, each with a reason, and leave no trace", () => {
  expect(fuzzRecords(1_000_000, 2).refused).toBe(1_000_000);
});
