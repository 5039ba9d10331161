import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  calmPingMs,
  decayingMax,
  type Slowness,
  SUCCESSOR_PING_MS,
  suspectAfterMs,
} from "../../../src/cluster/membership/suspicion.ts";

const BRISK: Slowness = { ownLagMs: 0, hubLagMs: 0, peakRttMs: 0 };
const KINDS = ["ownLagMs", "hubLagMs", "peakRttMs"] as const;
const delay = fc.integer({ min: 0, max: 20_000 });
const slownesses = fc.record({ ownLagMs: delay, hubLagMs: delay, peakRttMs: delay });

describe("the unanswered ping after which a hub is suspect", () => {
  test("on brisk machines has waited for two pings of a successor", () => {
    expect(suspectAfterMs(BRISK)).toBe(2 * SUCCESSOR_PING_MS);
  });

  test.each(KINDS)("grows with %s, by at least as much", (kind) => {
    const slow = suspectAfterMs({ ...BRISK, [kind]: 500 });
    expect(slow).toBeGreaterThanOrEqual(suspectAfterMs(BRISK) + 500);
    fc.assert(
      fc.property(slownesses, delay, (slowness, more) => {
        const slower = { ...slowness, [kind]: slowness[kind] + more };
        const before = suspectAfterMs(slowness);
        expect(suspectAfterMs(slower)).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  test("has an end, however slow both machines are", () => {
    fc.assert(
      fc.property(slownesses, (slowness) => {
        expect(suspectAfterMs(slowness)).toBeLessThanOrEqual(8_000);
      }),
    );
  });
});

test("a calm hub is asked ten times a second by all, by each every two to five seconds", () => {
  expect([2, 20, 24, 50, 1_000].map(calmPingMs)).toEqual([2_000, 2_000, 2_400, 5_000, 5_000]);
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
