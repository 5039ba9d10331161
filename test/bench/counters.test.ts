import { describe, expect, test } from "bun:test";
import { Counters, lagQuantile } from "../../bench/tanks/counters.ts";
import { spread } from "../../bench/tanks/words.ts";

describe("the lag of ticks", () => {
  test.each([
    [[100, 0, 0, 0, 0, 0, 0], 0.99, 0],
    [[98, 1, 1, 0, 0, 0, 0], 0.99, 1],
    [[98, 1, 0, 1, 0, 0, 0], 0.995, 4],
    [[98, 1, 0, 1, 0, 0, 0], 1, 4],
    [[0, 0, 0, 0, 0, 0, 5], 0.5, Number.POSITIVE_INFINITY],
  ])("%j: %p is %p", (ticksBehind, share, lag) => {
    expect(lagQuantile(ticksBehind, share)).toBe(lag);
  });

  test("of no ticks is none", () => {
    expect(lagQuantile([0, 0, 0, 0, 0, 0, 0], 0.99)).toBeNaN();
  });
});

test("counters by name and label, and how far they went on", () => {
  const before = new Counters(new Map([['tankd_scheduled_ticks_total{behind="0"}', 10]]));
  const after = new Counters(
    new Map([
      ['tankd_scheduled_ticks_total{behind="0"}', 25],
      ['tankd_scheduled_ticks_total{behind="Infinity"}', 2],
      ["tankd_snapshots_total", 3],
    ]),
  );
  const went = after.since(before);
  expect(went.ticksBehind).toEqual([15, 0, 0, 0, 0, 0, 2]);
  expect([went.get("tankd_snapshots_total"), went.get("tankd_skipped_ticks_total")]).toEqual([
    3, 0,
  ]);
});

test("a spread shows the median with the least and the most", () => {
  expect(spread([3, 1, 2], 1, "ms")).toBe("2.0 ms (1.0–3.0)");
  expect(spread([3], 0)).toBe("3");
});
