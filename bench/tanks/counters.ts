/** What a node's `/metrics` say, and how far they have gone on. */
import { TICKS_BEHIND } from "../../src/tanks/thread/work-meter.ts";
import type { MetricName } from "../../src/telemetry/metrics.ts";
import type { NodeApi } from "../../test/support/node-api.ts";

export class Counters {
  readonly #values: ReadonlyMap<string, number>;

  constructor(values: ReadonlyMap<string, number>) {
    this.#values = values;
  }

  static async of(api: NodeApi): Promise<Counters> {
    const lines = (await api.text("/metrics")).split("\n").filter((line) => /^tankd_/.test(line));
    return new Counters(
      new Map(
        lines.map((line) => {
          const at = line.lastIndexOf(" ");
          return [line.slice(0, at), Number(line.slice(at + 1))];
        }),
      ),
    );
  }

  /** 0 for what was never counted. */
  get(name: MetricName, label = ""): number {
    return this.#values.get(`${name}${label}`) ?? 0;
  }

  since(before: Counters): Counters {
    return new Counters(
      new Map([...this.#values].map(([key, value]) => [key, value - before.#value(key)])),
    );
  }

  /**
   * Ticks that began at most so many ticks behind their schedule, for each of {@link TICKS_BEHIND}.
   */
  get ticksBehind(): readonly number[] {
    return TICKS_BEHIND.map((bound) =>
      this.get("tankd_scheduled_ticks_total", `{behind="${bound}"}`),
    );
  }

  #value(key: string): number {
    return this.#values.get(key) ?? 0;
  }
}

/**
 * How late ticks are of which this share is not later; a bound of the counters, so at most that.
 */
export function lagQuantile(ticksBehind: readonly number[], share: number): number {
  const all = ticksBehind.reduce((sum, ticks) => sum + ticks, 0);
  let sum = 0;
  for (const [place, bound] of TICKS_BEHIND.entries()) {
    sum += ticksBehind[place] ?? 0;
    if (sum >= all * share && sum > 0) return bound;
  }
  return Number.NaN;
}
