import { expect, test } from "bun:test";
import { METRICS } from "../../src/telemetry/metrics.ts";
import { createPrometheusMetrics } from "../../src/telemetry/prometheus.ts";

test("every metric of the list is there, with its help and type, and those of the process", () => {
  const text = createPrometheusMetrics().render();
  for (const [name, { type, help }] of Object.entries(METRICS)) {
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
  }
  expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
});

test("counters add, gauges hold the last value, histograms count", () => {
  const metrics = createPrometheusMetrics();
  metrics.count("tankd_commits_total", { outcome: "committed" });
  metrics.count("tankd_commits_total", { outcome: "committed" }, 2);
  metrics.set("tankd_fish", 7);
  metrics.set("tankd_fish", 5);
  metrics.observe("tankd_commit_seconds", 0.002);
  const text = metrics.render();
  expect(text).toContain('\ntankd_commits_total{outcome="committed"} 3\n');
  expect(text).toContain("\ntankd_fish 5\n");
  expect(text).toContain('\ntankd_commit_seconds_bucket{le="0.001"} 0\n');
  expect(text).toContain('\ntankd_commit_seconds_bucket{le="0.003"} 1\n');
  expect(text).toContain('\ntankd_commit_seconds_bucket{le="10"} 1\n');
  expect(text).toContain('\ntankd_commit_seconds_bucket{le="+Inf"} 1\n');
  expect(text).toContain("\ntankd_commit_seconds_sum 0.002\ntankd_commit_seconds_count 1\n");
});

test("two nodes in one process have metrics of their own", () => {
  const [one, other] = [createPrometheusMetrics(), createPrometheusMetrics()];
  one.set("tankd_fish", 3);
  expect(other.render()).toContain("\ntankd_fish 0\n");
});

test("an unknown label and the wrong kind are programming errors", () => {
  const metrics = createPrometheusMetrics();
  expect(() => metrics.count("tankd_commits_total", { colour: "red" })).toThrow();
  expect(() => metrics.count("tankd_fish")).toThrow("tankd_fish is a gauge");
});

test("a value beyond all buckets is counted all the same", () => {
  const metrics = createPrometheusMetrics();
  metrics.observe("tankd_commit_seconds", 11);
  const text = metrics.render();
  expect(text).toContain('_bucket{le="10"} 0\ntankd_commit_seconds_bucket{le="+Inf"} 1\n');
});

test("labels are written in the declared order, and escaped", () => {
  const metrics = createPrometheusMetrics();
  metrics.set("tankd_info", 1, { node_id: "n", version: 'a"b\\c\nd', cluster: "k" });
  expect(metrics.render()).toContain(
    '\ntankd_info{version="a\\"b\\\\c\\nd",node_id="n",cluster="k"} 1\n',
  );
});

test("every line is a comment or a sample", () => {
  const metrics = createPrometheusMetrics();
  metrics.count("tankd_http_requests_total", { method: "GET", status: "200" });
  const text = metrics.render();
  expect(text.endsWith("\n")).toBe(true);
  const sample = /^[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? [-+.\dInfe]+$/;
  for (const line of text.trimEnd().split("\n")) {
    expect(line.startsWith("# ") || sample.test(line)).toBe(true);
  }
});
