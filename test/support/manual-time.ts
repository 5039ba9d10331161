import type { Clock } from "../../src/platform/clock.ts";
import type { Timers } from "../../src/platform/timers.ts";

interface Waiting {
  readonly dueMs: number;
  readonly task: () => void;
}

/** Time that a test lets pass, while what it asks of files and servers takes what it takes. */
export class ManualTime {
  #nowMs = 1_000_000;
  readonly #waiting = new Set<Waiting>();

  readonly clock: Clock = { wallMs: () => this.#nowMs, monotonicMs: () => this.#nowMs };

  readonly timers: Timers = {
    after: (delayMs, task) => {
      const one = { dueMs: this.#nowMs + delayMs, task };
      this.#waiting.add(one);
      return () => this.#waiting.delete(one);
    },
  };

  /** How long until the next task; undefined where nothing waits. */
  get nextMs(): number | undefined {
    const due = [...this.#waiting].map(({ dueMs }) => dueMs);
    return due.length === 0 ? undefined : Math.min(...due) - this.#nowMs;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const one of [...this.#waiting].filter(({ dueMs }) => dueMs <= this.#nowMs)) {
      if (this.#waiting.delete(one)) one.task();
    }
  }
}
