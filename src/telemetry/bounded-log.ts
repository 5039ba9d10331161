import type { Clock } from "../platform/clock.ts";
import { TokenBuckets } from "../platform/token-bucket.ts";
import type { Log, LogFields } from "./log.ts";

export interface LinesBound {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * Lines that others can cause at will: of each kind so many, so that a flood of them fills no disk.
 * The next line tells in `unlogged` how many were left out.
 */
export class BoundedLog {
  readonly #log: Log;
  readonly #kinds: Readonly<Record<string, LinesOfKind>>;

  constructor(log: Log, clock: Clock, bounds: Readonly<Record<string, LinesBound>>) {
    this.#log = log;
    this.#kinds = Object.fromEntries(
      Object.entries(bounds).map(([kind, bound]) => [kind, new LinesOfKind(clock, bound)]),
    );
  }

  info(kind: string, event: string, fields: LogFields): void {
    const left = this.#kinds[kind]?.next();
    if (left === undefined) return;
    this.#log.info(event, { ...fields, ...(left > 0 && { unlogged: left }) });
  }
}

class LinesOfKind {
  readonly #buckets: TokenBuckets;
  #left = 0;

  constructor(clock: Clock, bound: LinesBound) {
    this.#buckets = new TokenBuckets(clock, { ...bound, keysMax: 1 });
  }

  /** How many were left out before this line; undefined where it is left out as well. */
  next(): number | undefined {
    if (this.#buckets.take("") > 0) {
      this.#left++;
      return undefined;
    }
    const left = this.#left;
    this.#left = 0;
    return left;
  }
}
