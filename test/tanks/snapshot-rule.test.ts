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
