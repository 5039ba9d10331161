import { BoundedMap } from "../../platform/bounded-map.ts";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";

/** Workers that have reported the loss of a hub. */
export class LossReports {
  readonly #clock: Clock;
  readonly #reports = new BoundedMap<string, { readonly hub: string; readonly atMs: number }>(
    LIMITS.serversMax,
  );

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(nodeId: string, hub: string): void {
    this.#reports.set(nodeId, { hub, atMs: this.#clock.monotonicMs() });
  }

  /** Workers that have reported the loss of this hub within the last `withinMs` milliseconds. */
  of(hub: string, withinMs: number): readonly string[] {
    const sinceMs = this.#clock.monotonicMs() - withinMs;
    return [...this.#reports]
      .filter(([, report]) => report.hub === hub && report.atMs >= sinceMs)
      .map(([nodeId]) => nodeId);
  }
}
