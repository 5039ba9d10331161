import { expect, test } from "bun:test";
import { TokenBuckets } from "../../src/platform/token-bucket.ts";

function bucketsAt(bounds: { perSecond: number; burst: number; keysMax: number }) {
  const clock = { nowMs: 0, wallMs: () => 0, monotonicMs: () => clock.nowMs };
  return { clock, buckets: new TokenBuckets(clock, bounds) };
}

test("a burst passes, then the rate holds, and the wait it names is enough", () => {
  const { clock, buckets } = bucketsAt({ perSecond: 10, burst: 3, keysMax: 10 });
  expect([1, 2, 3].map(() => buckets.take("a"))).toEqual([0, 0, 0]);
  const waitMs = buckets.take("a");
  expect(waitMs).toBe(100);
  clock.nowMs += waitMs;
  expect(buckets.take("a")).toBe(0);
  expect(buckets.take("a")).toBeGreaterThan(0);
  let passed = 0;
  for (let step = 0; step < 1000; step++) {
    clock.nowMs += 10;
    if (buckets.take("a") === 0) passed++;
  }
  // Ten seconds at ten a second; sums of tenths fall a hair short.
  expect(passed).toBeGreaterThanOrEqual(99);
  expect(passed).toBeLessThanOrEqual(100);
});

test("keys do not share, and the one unused for longest is forgotten", () => {
  const { buckets } = bucketsAt({ perSecond: 1, burst: 1, keysMax: 2 });
  expect([buckets.take("a"), buckets.take("b")]).toEqual([0, 0]);
  expect(buckets.take("a")).toBeGreaterThan(0);
  expect(buckets.take("c")).toBe(0);
  expect(buckets.take("a")).toBeGreaterThan(0);
  expect(buckets.take("b")).toBe(0);
});
