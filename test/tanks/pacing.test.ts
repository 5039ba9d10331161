import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Pacing, RateMeter } from "../../src/tanks/thread/pacing.ts";

const NO_BOUND = Number.POSITIVE_INFINITY;

describe("pacing", () => {
  test("gives as many ticks as the rate says, however irregularly it is asked", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.array(fc.double({ min: 0.1, max: 90, noNaN: true }), { minLength: 50 }),
        (rate, originMs, stepsMs) => {
          const pacing = new Pacing(rate, originMs);
          let nowMs = originMs;
          let ticks = 0;
          for (const stepMs of stepsMs) {
            nowMs += stepMs;
            const due = pacing.due(nowMs, NO_BOUND);
            pacing.ran(due);
            ticks += due;
          }
          expect(Math.abs(ticks - ((nowMs - originMs) * rate) / 1000)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  test("a tick is due at the time that it names", () => {
    const pacing = new Pacing(30, 1000);
    const dueMs = pacing.nextDueMs(1000);
    expect(dueMs).toBeGreaterThan(1000);
    expect(dueMs).toBeLessThanOrEqual(1034);
    expect(pacing.due(dueMs - 1, NO_BOUND)).toBe(0);
    expect(pacing.due(dueMs + 0.01, NO_BOUND)).toBe(1);
  });

  test("tanks of one rate share their slots, whenever they were started", () => {
    expect(new Pacing(30, 1001).nextDueMs(1005)).toBe(new Pacing(30, 1005).nextDueMs(1005));
  });

  test("what is owed beyond the bound is left out, and the lag says how far behind it is", () => {
    const pacing = new Pacing(10, 0);
    expect(pacing.due(60_000, 10)).toBe(10);
    expect(pacing.lag(60_000)).toBe(9);
    pacing.ran(10);
    expect(pacing.due(60_000, 10)).toBe(0);
    expect(pacing.lag(60_000)).toBe(0);
  });

  test("a rate of 0 is always due and never behind", () => {
    const pacing = new Pacing(0, 5);
    expect(pacing.due(5, 10)).toBe(Number.POSITIVE_INFINITY);
    pacing.ran(1000);
    expect(pacing.lag(99)).toBe(0);
    expect(pacing.nextDueMs(99)).toBe(99);
  });

  test("another rate begins where the clock is", () => {
    const pacing = new Pacing(0, 0);
    pacing.setRate(100, 12_345);
    expect(pacing.due(12_345, NO_BOUND)).toBe(0);
    expect(pacing.due(12_445, NO_BOUND)).toBe(10);
  });
});

test("what was left out is counted", () => {
  const pacing = new Pacing(10, 0, 7);
  pacing.ran(pacing.due(60_000, 10));
  expect(pacing.skipped).toBe(7 + 600 - 10);
  pacing.setRate(30, 90_000);
  expect(pacing.due(90_000, 30)).toBe(0);
  expect(pacing.skipped).toBe(597);
});

test("the rate meter looks at four ticks of a slow tank at least", () => {
  const meter = new RateMeter(0, 0, 0.1);
  expect(meter.read(2, 20_000)).toBe(0.1);
  expect(meter.read(4, 40_000)).toBe(0.1);
  expect(meter.read(4, 49_000)).toBe(0.1);
  expect(meter.read(6, 80_000)).toBe(0.05);
});

test("the rate meter tells the rate of the last window", () => {
  const meter = new RateMeter(0, 0, 30);
  expect(meter.read(15, 500)).toBe(30);
  expect(meter.read(60, 2000)).toBe(30);
  expect(meter.read(60, 3000)).toBe(30);
  expect(meter.read(60, 4000)).toBe(0);
});
