import type { Clock } from "../../../../src/platform/clock.ts";
import type { Random } from "../../../../src/platform/random.ts";
import type { Timers } from "../../../../src/platform/timers.ts";
import { parseDuration, Refusal } from "./wire.ts";

export interface DoublePorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

const WAIT_DEFAULT_MS = 5 * 60_000;
const WAIT_MAX_MS = 10 * 60_000;
const JITTER_FRACTION = 16;

/** What is there now, and the index at which it last changed. */
export interface Found<T> {
  readonly index: number;
  readonly value: T;
}

/** The index of the replicated log, and who waits for what to change. */
export class ServerState {
  readonly ports: DoublePorts;
  index = 10;
  #waiting = new Map<string, Set<() => void>>();

  constructor(ports: DoublePorts) {
    this.ports = ports;
  }

  /** One entry of the log: something under `topics` is about to change. Gives its index. */
  advance(...topics: readonly string[]): number {
    this.index++;
    // Told once the change is made.
    queueMicrotask(() => {
      for (const topic of topics) this.#wake(topic);
    });
    return this.index;
  }

  /** An older snapshot is restored: indices go back, and whoever waits is answered at once. */
  goBackTo(index: number): void {
    this.index = index;
    for (const topic of [...this.#waiting.keys()]) this.#wake(topic);
  }

  /** A blocking query. `find` is asked again for as long as it finds nothing newer. */
  async blocking<T>(
    params: URLSearchParams,
    topic: string,
    find: () => Found<T>,
    signal: AbortSignal | undefined,
  ): Promise<Found<T>> {
    const index = readIndex(params);
    const waitMs = readWait(params);
    const { clock, random } = this.ports;
    const jitterMs = (waitMs / JITTER_FRACTION) * random.unit();
    const endMs = clock.monotonicMs() + waitMs + jitterMs;
    for (;;) {
      const logIndex = this.index;
      const found = find();
      const newest = Math.max(1, found.index);
      const leftMs = endMs - clock.monotonicMs();
      if (index === 0 || newest > index || leftMs <= 0) return { ...found, index: newest };
      await this.#change(topic, leftMs, signal);
      const wasRestored = this.index < logIndex;
      if (wasRestored || signal?.aborted) return { ...find(), index: Math.max(1, find().index) };
    }
  }

  #change(topic: string, ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(topic) ?? new Set();
      this.#waiting.set(topic, waiting);
      const finish = () => {
        cancel();
        waiting.delete(finish);
        resolve();
      };
      const cancel = this.ports.timers.after(ms, finish);
      signal?.addEventListener("abort", finish, { once: true });
      waiting.add(finish);
    });
  }

  #wake(topic: string): void {
    for (const finish of [...(this.#waiting.get(topic) ?? [])]) finish();
  }
}

function readIndex(params: URLSearchParams): number {
  const text = params.get("index") || "0";
  if (!/^\d{1,20}$/.test(text)) throw new Refusal(400, "Invalid index");
  return Number(text);
}

function readWait(params: URLSearchParams): number {
  const text = params.get("wait") || "0";
  const ms = parseDuration(text);
  if (ms === undefined) throw new Refusal(400, "Invalid wait time");
  return ms <= 0 ? WAIT_DEFAULT_MS : Math.min(ms, WAIT_MAX_MS);
}
