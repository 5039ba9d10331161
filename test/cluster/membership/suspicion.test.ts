import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  decayingMax,
  type Slowness,
  SUCCESSOR_PING_MS,
  suspectAfterMs,
  WORKER_PING_MS,
} from "../../../src/cluster/membership/suspicion.ts";

const BRISK: Slowness = { ownLagMs: 0, hubLagMs: 0, peakRttMs: 0 };
const KINDS = ["ownLagMs", "hubLagMs", "peakRttMs"] as const;
const delay = fc.integer({ min: 0, max: 20_000 });
const slownesses = fc.record({ ownLagMs: delay, hubLagMs: delay, peakRttMs: delay });
const intervals = fc.constantFrom(SUCCESSOR_PING_MS, WORKER_PING_MS);

describe("the silence after which a hub is suspect", () => {
  test("on brisk machines is three pings of a successor, beyond one's own ping", () => {
    expect(suspectAfterMs(BRISK, SUCCESSOR_PING_MS)).toBe(3 * SUCCESSOR_PING_MS);
    const longer = suspectAfterMs(BRISK, WORKER_PING_MS) - suspectAfterMs(BRISK, SUCCESSOR_PING_MS);
    expect(longer).toBe(WORKER_PING_MS - SUCCESSOR_PING_MS);
  });

  test.each(KINDS)("grows with %s, by at least as much", (kind) => {
    const slow = suspectAfterMs({ ...BRISK, [kind]: 500 }, SUCCESSOR_PING_MS);
    expect(slow).toBeGreaterThanOrEqual(suspectAfterMs(BRISK, SUCCESSOR_PING_MS) + 500);
    fc.assert(
      fc.property(slownesses, delay, intervals, (slowness, more, intervalMs) => {
        const slower = { ...slowness, [kind]: slowness[kind] + more };
        const before = suspectAfterMs(slowness, intervalMs);
        expect(suspectAfterMs(slower, intervalMs)).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  test("has an end, however slow both machines are", () => {
    fc.assert(
      fc.property(slownesses, intervals, (slowness, intervalMs) => {
        expect(suspectAfterMs(slowness, intervalMs)).toBeLessThanOrEqual(8_000);
      }),
    );
  });
});

test("a maximum that forgets: up at once, down bit by bit, to almost nothing in the end", () => {
  expect(decayingMax(100, 300)).toBe(300);
  expect(decayingMax(300, 0)).toBeLessThan(300);
  expect(decayingMax(300, 0)).toBeGreaterThan(150);
  let left = 10_000;
  for (let round = 0; round < 50; round++) left = decayingMax(left, 0);
  expect(left).toBeLessThan(1);
  fc.assert(
    fc.property(delay, delay, (before, observed) => {
      const next = decayingMax(before, observed);
      expect(next).toBeGreaterThanOrEqual(observed);
      expect(next).toBeLessThanOrEqual(Math.max(before, observed));
    }),
  );
});
