import { expect, test } from "bun:test";
import { Quota } from "../../src/migration/quota.ts";

function quotaAt(bounds: { perSecond: number; burst: number; keysMax: number }) {
  const clock = { nowMs: 0, wallMs: () => 0, monotonicMs: () => clock.nowMs };
  return { clock, quota: new Quota(clock, bounds) };
}

test("a burst passes, then the rate holds, and the wait it names is enough", () => {
  const { clock, quota } = quotaAt({ perSecond: 10, burst: 3, keysMax: 10 });
  expect([1, 2, 3].map(() => quota.take("a"))).toEqual([0, 0, 0]);
  const waitMs = quota.take("a");
  expect(waitMs).toBe(100);
  clock.nowMs += waitMs;
  expect(quota.take("a")).toBe(0);
  expect(quota.take("a")).toBeGreaterThan(0);
  let passed = 0;
  for (let step = 0; step < 1000; step++) {
    clock.nowMs += 10;
    if (quota.take("a") === 0) passed++;
  }
  // Ten seconds at ten a second; sums of tenths fall a hair short.
  expect(passed).toBeGreaterThanOrEqual(99);
  expect(passed).toBeLessThanOrEqual(100);
});

test("keys do not share, and the one unused for longest is forgotten", () => {
  const { quota } = quotaAt({ perSecond: 1, burst: 1, keysMax: 2 });
  expect([quota.take("a"), quota.take("b")]).toEqual([0, 0]);
  expect(quota.take("a")).toBeGreaterThan(0);
  expect(quota.take("c")).toBe(0);
  expect(quota.take("a")).toBeGreaterThan(0);
  expect(quota.take("b")).toBe(0);
});
