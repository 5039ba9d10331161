import { expect, test } from "bun:test";
import { METRICS } from "../../src/telemetry/metrics.ts";
import { createPrometheusMetrics } from "../../src/telemetry/prometheus.ts";

test("every metric of the list is there, with its help and type, and those of the process", async () => {
  const text = await createPrometheusMetrics().render();
  for (const [name, { type, help }] of Object.entries(METRICS)) {
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
  }
  expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
});

test("counters add, gauges hold the last value, histograms count", async () => {
  const metrics = createPrometheusMetrics();
  metrics.count("tankd_commits_total", { outcome: "committed" });
  metrics.count("tankd_commits_total", { outcome: "committed" }, 2);
  metrics.set("tankd_fish", 7);
  metrics.set("tankd_fish", 5);
  metrics.observe("tankd_commit_seconds", 0.002);
  const text = await metrics.render();
  expect(text).toContain('\ntankd_commits_total{outcome="committed"} 3\n');
  expect(text).toContain("\ntankd_fish 5\n");
  expect(text).toContain('\ntankd_commit_seconds_bucket{le="0.001"} 0\n');
  expect(text).toContain('\ntankd_commit_seconds_bucket{le="0.003"} 1\n');
});

test("two nodes in one process have metrics of their own", async () => {
  const [one, other] = [createPrometheusMetrics(), createPrometheusMetrics()];
  one.set("tankd_fish", 3);
  expect(await other.render()).toContain("\ntankd_fish 0\n");
});

test("an unknown label and the wrong kind are programming errors", () => {
  const metrics = createPrometheusMetrics();
  expect(() => metrics.count("tankd_commits_total", { colour: "red" })).toThrow();
  expect(() => metrics.count("tankd_fish")).toThrow("tankd_fish is a gauge");
});
