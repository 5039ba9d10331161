import { expect, test } from "bun:test";
import { Certainty, nowBy } from "../../../src/cluster/membership/certainty.ts";

/** 7 s after what is the time first. */
const end = { monotonicMs: 8_000, wallMs: 1_007_000 };

function setUp() {
  const time = { monotonicMs: 1_000, wallMs: 1_000_000 };
  const clock = { monotonicMs: () => time.monotonicMs, wallMs: () => time.wallMs };
  const certainty = new Certainty(clock);
  const sentAt = nowBy(clock);
  const pass = (ms: number, suspendedMs = 0) => {
    time.monotonicMs += ms;
    time.wallMs += ms + suspendedMs;
  };
  return { certainty, sentAt, pass };
}

test("a lease is certain from before it was asked for, for the time that is named", () => {
  const { certainty, sentAt, pass } = setUp();
  expect(certainty.until).toBeUndefined();
  pass(500);
  certainty.renew(sentAt, 7_000);
  expect(certainty.until).toEqual(end);
  pass(6_499);
  expect(certainty.until).toEqual(end);
  pass(1);
  expect(certainty.until).toBeUndefined();
});

test("a suspended machine is certain of nothing, though its monotonic clock stood still", () => {
  const { certainty, sentAt, pass } = setUp();
  certainty.renew(sentAt, 7_000);
  pass(0, 6_999);
  expect(certainty.until).toEqual(end);
  pass(0, 1);
  expect(certainty.until).toBeUndefined();
});

test("a wall clock that is set back makes nothing certain for longer", () => {
  const { certainty, sentAt, pass } = setUp();
  certainty.renew(sentAt, 7_000);
  pass(7_000, -3_600_000);
  expect(certainty.until).toBeUndefined();
});

test("what is given back is not certain", () => {
  const { certainty, sentAt } = setUp();
  certainty.renew(sentAt, 7_000);
  certainty.end();
  expect(certainty.until).toBeUndefined();
});
