import { expect, test } from "bun:test";
import { SNAPSHOT_LIMITS, SnapshotRule } from "../../src/tanks/thread/snapshot-rule.ts";

const LATER_MS = SNAPSHOT_LIMITS.intervalMs;

test("a tank becomes due when its ticks would cost 20 ms, not sooner and not twice", () => {
  const rule = new SnapshotRule(SNAPSHOT_LIMITS, 0);
  rule.ticked(1999, 1999 * 0.01);
  expect(rule.isDue(LATER_MS)).toBe(false);
  rule.ticked(2, 0.02);
  expect(rule.isDue(LATER_MS)).toBe(true);
  rule.captured(LATER_MS);
  expect(rule.isDue(10 * LATER_MS)).toBe(false);
});

test("a tick that was interrupted does not count for more than it costs", () => {
  const rule = new SnapshotRule(SNAPSHOT_LIMITS, 0);
  rule.ticked(1, 0.01);
  for (let i = 0; i < 20; i++) rule.ticked(1, 5);
  expect(rule.isDue(LATER_MS)).toBe(false);
});

test("but a tank that has grown is known to cost more", () => {
  const rule = new SnapshotRule(SNAPSHOT_LIMITS, 0);
  rule.ticked(1, 0.01);
  for (let i = 0; i < 400; i++) rule.ticked(1, 1);
  expect(rule.isDue(LATER_MS)).toBe(true);
});

test("however much it costs, not more often than the interval", () => {
  const rule = new SnapshotRule(SNAPSHOT_LIMITS, 0);
  rule.ticked(100, 10_000);
  expect(rule.isDue(LATER_MS - 1)).toBe(false);
  expect(rule.isDue(LATER_MS)).toBe(true);
});

test("a long log is due where the clock measures nothing; a still tank never is", () => {
  const rule = new SnapshotRule(SNAPSHOT_LIMITS, 0);
  expect(rule.isDue(1e9)).toBe(false);
  for (let i = 0; i < SNAPSHOT_LIMITS.entriesMax; i++) rule.logged();
  expect(rule.isDue(1e9)).toBe(true);
  rule.captured(1e9);
  rule.ticked(SNAPSHOT_LIMITS.ticksMax, 0);
  expect(rule.isDue(2e9)).toBe(true);
});

test("a tank whose ticks run cold is due when its replay would cost 20 ms", () => {
  const rule = new SnapshotRule(SNAPSHOT_LIMITS, 0);
  for (let i = 0; i < 300; i++) rule.ticked(1, 0.1);
  expect([rule.isDue(LATER_MS), rule.wantsTrial]).toEqual([true, true]);
  rule.tried(0.01);
  expect([rule.isDue(LATER_MS), rule.wantsTrial]).toEqual([false, false]);
  for (let i = 0; i < 1700; i++) rule.ticked(1, 0.1);
  // By then it is one: no second trial for the same snapshot.
  expect([rule.isDue(LATER_MS), rule.wantsTrial]).toEqual([true, false]);
  rule.captured(LATER_MS);
  for (let i = 0; i < 1999; i++) rule.ticked(1, 0.1);
  expect(rule.isDue(3 * LATER_MS)).toBe(false);
  rule.ticked(2, 0.2);
  expect([rule.isDue(3 * LATER_MS), rule.wantsTrial]).toEqual([true, true]);
});

test("no trial where it would take long, or would change nothing", () => {
  const dear = new SnapshotRule(SNAPSHOT_LIMITS, 0);
  dear.ticked(100, 100);
  expect([dear.isDue(LATER_MS), dear.wantsTrial]).toEqual([true, false]);
  const long = new SnapshotRule(SNAPSHOT_LIMITS, 0);
  long.ticked(SNAPSHOT_LIMITS.ticksMax, 2000);
  expect([long.isDue(LATER_MS), long.wantsTrial]).toEqual([true, false]);
});
