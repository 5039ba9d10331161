import { expect, test } from "bun:test";
import type { Reading } from "../../../src/adapters/etcd/store.ts";
import { Vacancy } from "../../../src/adapters/etcd/vacancy.ts";

const TERM = 2n;

function setUp() {
  const time = { ms: 1_000 };
  const clock = { monotonicMs: () => time.ms, wallMs: () => 0 };
  const vacancy = new Vacancy(clock, 8_000);
  const look = (leaseId: string, leftMs: number | undefined) =>
    vacancy.look(leaseId, { leftMs, term: TERM }, time.ms);
  return { time, vacancy, look };
}

function reading(revision: bigint, leaseId?: string, clusterId = "7"): Reading {
  const entries = leaseId === undefined ? [] : [{ key: "k", value: "", leaseId, revision }];
  return { entries, revision, term: TERM, clusterId };
}

test("a key that was given back may be taken at once", () => {
  const { vacancy } = setUp();
  vacancy.note(reading(7n, "0"), false);
  expect(vacancy.waitMs).toBe(0);
  vacancy.note(reading(8n, "77"), false);
  expect(vacancy.waitMs).toBe(0);
  vacancy.note(reading(9n, "0"), false);
  expect(vacancy.waitMs).toBe(0);
});

test("one that is not there at first may have vanished a moment ago", () => {
  const { vacancy, time } = setUp();
  vacancy.note(reading(5n), false);
  expect(vacancy.waitMs).toBe(8_000);
  time.ms += 3_000;
  vacancy.note(reading(5n), false);
  expect(vacancy.waitMs).toBe(5_000);
});

test("one that has vanished may be taken when its holder believes in it no more", () => {
  const { vacancy, time, look } = setUp();
  vacancy.note(reading(6n, "77"), false);
  look("77", 7_000);
  time.ms += 1_000;
  vacancy.note(reading(7n), false);
  expect(vacancy.waitMs).toBe(8_000);
});

test("one that has vanished may be taken at once by who was certain of it until then", () => {
  const { vacancy } = setUp();
  vacancy.note(reading(6n, "77"), true);
  vacancy.note(reading(7n), true);
  expect(vacancy.waitMs).toBe(0);
});

test("one that was seen to run out may be taken at once, and not a moment before its time", () => {
  for (const [afterMs, waitMs] of [
    [2_000, 0],
    [1_999, 8_000],
  ] as const) {
    const { vacancy, time, look } = setUp();
    vacancy.note(reading(6n, "77"), false);
    look("77", 2_000);
    time.ms += afterMs;
    // It is gone by then.
    look("77", undefined);
    vacancy.note(reading(7n), false);
    expect(vacancy.waitMs).toBe(waitMs);
  }
});

test("what was seen of another lease, or of one that was renewed since, counts for nothing", () => {
  for (const [leaseId, leftMs] of [
    ["76", 0],
    ["77", 7_000],
  ] as const) {
    const { vacancy, time, look } = setUp();
    vacancy.note(reading(6n, "77"), false);
    look("77", 1_000);
    time.ms += 1_000;
    look(leaseId, leftMs);
    time.ms += 7_500;
    vacancy.note(reading(7n), false);
    expect(vacancy.waitMs).toBe(8_000);
  }
});

test("a holder's lease is looked at before its end, in its last second, and after it", () => {
  const { vacancy, time, look } = setUp();
  vacancy.note(reading(6n, "77"), false);
  expect(vacancy.lookInMs).toBe(500);
  look("77", 7_000);
  expect(vacancy.lookInMs).toBe(4_500);
  time.ms += 4_500;
  look("77", 2_000);
  expect(vacancy.lookInMs).toBe(2_000);
  time.ms += 2_000;
  look("77", 0);
  expect(vacancy.lookInMs).toBe(1_500);
  time.ms += 10_000;
  expect(vacancy.lookInMs).toBe(500);
});

test("one of a store that counts back, when its holder believes in it no more", () => {
  const { vacancy, time } = setUp();
  vacancy.note(reading(6n, "77"), true);
  vacancy.note(reading(1n), true);
  expect(vacancy.waitMs).toBe(8_000);
  vacancy.note(reading(2n, "0"), false);
  expect(vacancy.waitMs).toBe(8_000);
  time.ms += 9_000;
  expect(vacancy.waitMs).toBe(0);
});

test("another store is an error", () => {
  const { vacancy } = setUp();
  vacancy.note(reading(6n), false);
  const other = reading(6n, undefined, "8");
  expect(() => vacancy.note(other, false)).toThrow("name members of one cluster");
  vacancy.note(reading(6n), false);
});
