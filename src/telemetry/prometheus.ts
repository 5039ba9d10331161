import { METRICS, type MetricName, type Metrics } from "./metrics.ts";
import { renderProcess } from "./process-metrics.ts";
import { Series } from "./series.ts";

/** The metrics of this node, with those of its process, in the Prometheus text format. */
export interface PrometheusMetrics extends Metrics {
  render(): string;
}

export function createPrometheusMetrics(): PrometheusMetrics {
  const series = new Map(
    Object.entries(METRICS).map(([name, declared]) => [name, new Series(name, declared)]),
  );
  const of = (name: MetricName): Series => {
    const one = series.get(name);
    if (!one) throw new Error(`there is no metric ${name}`);
    return one;
  };
  return {
    count: (name, labels = {}, amount = 1) => of(name).add(labels, amount),
    set: (name, value, labels = {}) => of(name).set(labels, value),
    observe: (name, value) => of(name).observe(value),
    render: () => [...series.values()].map((one) => one.render()).join("") + renderProcess(),
  };
}
