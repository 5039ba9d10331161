import { expect, test } from "bun:test";
import type { Reading } from "../../../src/adapters/etcd/store.ts";
import { Vacancy } from "../../../src/adapters/etcd/vacancy.ts";

function setUp() {
  const time = { ms: 1_000 };
  const clock = { monotonicMs: () => time.ms, wallMs: () => 0 };
  return { time, vacancy: new Vacancy(clock, 8_000) };
}

function reading(revision: bigint, leaseId?: string, clusterId = "7"): Reading {
  const entries = leaseId === undefined ? [] : [{ key: "k", value: "", leaseId, revision }];
  return { entries, revision, term: 2n, clusterId };
}

test("a key that was never there, or was given back, may be taken at once", () => {
  const { vacancy } = setUp();
  vacancy.note(reading(5n));
  expect(vacancy.waitMs).toBe(0);
  vacancy.note(reading(6n, "77"));
  vacancy.note(reading(7n, "0"));
  expect(vacancy.waitMs).toBe(0);
});

test("one that has vanished may be taken when its holder must have heard of it", () => {
  const { vacancy, time } = setUp();
  vacancy.note(reading(6n, "77"));
  vacancy.note(reading(7n));
  expect(vacancy.waitMs).toBe(1_000);
  time.ms += 400;
  vacancy.note(reading(7n));
  expect(vacancy.waitMs).toBe(600);
});

test("one of a store that counts back, when its holder believes in it no more", () => {
  const { vacancy, time } = setUp();
  vacancy.note(reading(6n, "77"));
  vacancy.note(reading(1n));
  expect(vacancy.waitMs).toBe(8_000);
  vacancy.note(reading(2n, "78"));
  vacancy.note(reading(3n));
  expect(vacancy.waitMs).toBe(8_000);
  time.ms += 9_000;
  expect(vacancy.waitMs).toBe(0);
});

test("another store is an error", () => {
  const { vacancy } = setUp();
  vacancy.note(reading(6n));
  expect(() => vacancy.note(reading(6n, undefined, "8"))).toThrow("name members of one cluster");
  vacancy.note(reading(6n));
});
