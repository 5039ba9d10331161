import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { METRICS, type MetricName, type Metrics } from "./metrics.ts";

/** From a commit on a fast disk (0.1 ms) to one that everybody notices. */
const SECONDS_BUCKETS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

/**
 * Bun has no such spaces as Node's heap, and walks through its whole heap to make some up: 2 ms of the
 * 4 that a scrape of an empty process took, more in one with a thousand tanks.
 */
const COSTLY = [
  "nodejs_heap_space_size_total_bytes",
  "nodejs_heap_space_size_used_bytes",
  "nodejs_heap_space_size_available_bytes",
];

/** The metrics of this node, with those of its process, in the Prometheus text format. */
export interface PrometheusMetrics extends Metrics {
  render(): Promise<string>;
}

export function createPrometheusMetrics(): PrometheusMetrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  for (const name of COSTLY) register.removeSingleMetric(name);
  const counters = new Map<MetricName, Counter>();
  const gauges = new Map<MetricName, Gauge>();
  const histograms = new Map<MetricName, Histogram>();
  for (const name of Object.keys(METRICS) as MetricName[]) {
    const { type, help, labels } = METRICS[name];
    const options = { name, help, labelNames: [...labels], registers: [register] };
    if (type === "counter") counters.set(name, new Counter(options));
    else if (type === "gauge") gauges.set(name, new Gauge(options));
    else histograms.set(name, new Histogram({ ...options, buckets: SECONDS_BUCKETS }));
  }
  return {
    count: (name, labels = {}, amount = 1) => known(counters, name).inc(labels, amount),
    set: (name, value, labels = {}) => known(gauges, name).set(labels, value),
    observe: (name, value) => known(histograms, name).observe(value),
    render: () => register.metrics(),
  };
}

function known<Metric>(metrics: ReadonlyMap<MetricName, Metric>, name: MetricName): Metric {
  const metric = metrics.get(name);
  if (!metric) throw new Error(`${name} is a ${METRICS[name].type}`);
  return metric;
}
