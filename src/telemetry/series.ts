import type { MetricLabels } from "./metrics.ts";

/** From a commit on a fast disk (0.1 ms) to one that users notice. */
const SECONDS_BUCKETS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

/** The declaration of one metric; see METRICS. */
export interface MetricDeclaration {
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
}

/**
 * All values of one metric, formatted in the Prometheus text format
 * (prometheus.io/docs/instrumenting/exposition_formats, text format 0.0.4).
 */
export class Series {
  readonly #name: string;
  readonly #declared: MetricDeclaration;
  /** By the formatted labels, `{outcome="committed"}`; empty without labels. */
  readonly #values = new Map<string, number>();
  readonly #buckets = SECONDS_BUCKETS.map(() => 0);
  #sum = 0;
  #count = 0;

  constructor(name: string, declared: MetricDeclaration) {
    this.#name = name;
    this.#declared = declared;
    if (declared.labels.length === 0) this.#values.set("", 0);
  }

  add(labels: MetricLabels, amount: number): void {
    const key = this.#keyOf("counter", labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  set(labels: MetricLabels, value: number): void {
    this.#values.set(this.#keyOf("gauge", labels), value);
  }

  observe(value: number): void {
    this.#require("histogram");
    const bucket = SECONDS_BUCKETS.findIndex((bound) => value <= bound);
    if (bucket >= 0) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#sum += value;
    this.#count++;
  }

  render(): string {
    const { type, help } = this.#declared;
    const name = this.#name;
    const lines = type === "histogram" ? this.#histogram() : this.#plain();
    return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...lines, ""].join(
      "\n",
    );
  }

  #plain(): readonly string[] {
    return [...this.#values].map(([labels, value]) => `${this.#name}${labels} ${value}`);
  }

  /** Buckets are cumulative: each counts everything up to its bound. */
  #histogram(): readonly string[] {
    let below = 0;
    const buckets = SECONDS_BUCKETS.map((bound, index) => {
      below += this.#buckets[index] ?? 0;
      return `${this.#name}_bucket{le="${bound}"} ${below}`;
    });
    return [
      ...buckets,
      `${this.#name}_bucket{le="+Inf"} ${this.#count}`,
      `${this.#name}_sum ${this.#sum}`,
      `${this.#name}_count ${this.#count}`,
    ];
  }

  #keyOf(type: MetricDeclaration["type"], labels: MetricLabels): string {
    this.#require(type);
    for (const name in labels) {
      if (!this.#declared.labels.includes(name)) {
        throw new Error(`${this.#name} has no label ${name}`);
      }
    }
    let pairs = "";
    for (const name of this.#declared.labels) {
      const value = labels[name];
      if (value === undefined) continue;
      pairs += `${pairs === "" ? "" : ","}${name}="${escapeLabel(value)}"`;
    }
    return pairs === "" ? "" : `{${pairs}}`;
  }

  #require(type: MetricDeclaration["type"]): void {
    if (this.#declared.type !== type) throw new Error(`${this.#name} is a ${this.#declared.type}`);
  }
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
