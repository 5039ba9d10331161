import { describe, expect, test } from "bun:test";
import { countWork } from "../../src/tanks/gauges.ts";
import { WorkMeter } from "../../src/tanks/thread/work-meter.ts";
import type { MetricName } from "../../src/telemetry/metrics.ts";

describe("a thread's work", () => {
  test("counts each tick by how late it begins", () => {
    const meter = new WorkMeter();
    meter.ran(1, 1);
    meter.ran(3, 4);
    meter.ran(1, 100);
    meter.ran(0, 5);
    // On time; then three of four that are due: 3, 2 and 1 behind; then 99 behind.
    expect(meter.take().ticksBehind).toEqual([1, 1, 1, 1, 0, 0, 1]);
    expect(meter.take().ticksBehind).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test("sums what was skipped and what captures took", () => {
    const meter = new WorkMeter();
    meter.skipped(3);
    meter.skipped(4);
    meter.captured(1.5);
    meter.captured(2);
    expect(meter.take()).toMatchObject({ ticksSkipped: 7, captureMs: 3.5 });
    expect(meter.take()).toMatchObject({ ticksSkipped: 0, captureMs: 0 });
  });

  test("is counted in the metrics", () => {
    const counted: [MetricName, Readonly<Record<string, string>> | undefined, number?][] = [];
    const metrics = {
      count: (...args: (typeof counted)[number]) => void counted.push(args),
      set() {},
      observe() {},
    };
    countWork(metrics, {
      ticksBehind: [5, 0, 0, 0, 0, 0, 2],
      ticksSkipped: 9,
      captureMs: 250,
    });
    expect(counted).toEqual([
      ["tankd_scheduled_ticks_total", { behind: "0" }, 5],
      ["tankd_scheduled_ticks_total", { behind: "Infinity" }, 2],
      ["tankd_skipped_ticks_total", {}, 9],
      ["tankd_snapshot_capture_seconds_total", {}, 0.25],
    ]);
  });
});
