import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Random } from "../../platform/random.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import { TokenBuckets } from "../../platform/token-bucket.ts";
import type { Indexed } from "./agent.ts";

export interface WatchDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export interface WatchedQuery<T> {
  /** Asks for a state newer than `index`; without it for the present state. */
  ask(index: bigint | undefined, signal: AbortSignal): Promise<Indexed<T>>;
  onAnswer(value: T): void;
  /** One line for people. The query is repeated by itself. */
  onFailure(reason: string): void;
}

/**
 * A few changes in a row are reported at once, as when nodes start together. After that, or if a
 * server does not wait at all, the watch polls every two seconds.
 */
const RATE = { perSecond: 0.5, burst: 5, keysMax: 1 } as const;
const RATE_KEY = "query";
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/**
 * A blocking query that is repeated (developer.hashicorp.com/consul/api-docs/features/blocking,
 * "Implementation Details").
 */
export class Watch<T> {
  readonly #deps: WatchDeps;
  readonly #query: WatchedQuery<T>;
  readonly #rate: TokenBuckets;
  /** Aborts the present request or pause. */
  #round = new AbortController();
  #index: bigint | undefined;
  #failures = 0;
  #life = new AbortController();

  constructor(deps: WatchDeps, query: WatchedQuery<T>) {
    this.#deps = deps;
    this.#query = query;
    this.#rate = new TokenBuckets(deps.clock, RATE);
  }

  /** Resolves after the first answer or failure. */
  async start(): Promise<void> {
    const life = new AbortController();
    this.#life = life;
    this.#index = undefined;
    await this.#turn(life);
    void this.#follow(life);
  }

  /** Asks for the present state at once. */
  refresh(): void {
    this.#index = undefined;
    this.#round.abort();
  }

  stop(): void {
    this.#life.abort();
    this.#round.abort();
  }

  async #follow(life: AbortController): Promise<void> {
    const { timers } = this.#deps;
    while (!life.signal.aborted) {
      const tooSoonMs = this.#rate.take(RATE_KEY);
      if (tooSoonMs > 0) {
        await sleep(timers, tooSoonMs, life.signal);
        continue;
      }
      if (this.#failures > 0) await sleep(timers, this.#backoffMs(), this.#round.signal);
      await this.#turn(life);
    }
  }

  async #turn(life: AbortController): Promise<void> {
    if (life.signal.aborted) return;
    const round = new AbortController();
    this.#round = round;
    const answer = await this.#query
      .ask(this.#index, round.signal)
      .catch((error: unknown) => ({ failure: messageOf(error) }));
    // Aborted by a refresh or by the end: not a failure.
    if (life.signal.aborted || round.signal.aborted) return;
    if ("failure" in answer) {
      this.#failures++;
      this.#index = undefined;
      this.#query.onFailure(answer.failure);
      return;
    }
    this.#failures = 0;
    this.#index = nextIndex(this.#index, answer.index);
    this.#query.onAnswer(answer.value);
  }

  #backoffMs(): number {
    const boundMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (this.#failures - 1));
    return boundMs * (0.5 + this.#deps.random.unit() / 2);
  }
}

/**
 * If the index goes back (a restored or restarted server), everything is asked for anew. An index
 * is at least one, since zero would not wait.
 */
function nextIndex(asked: bigint | undefined, answered: bigint | undefined): bigint | undefined {
  if (answered === undefined) return undefined;
  if (asked !== undefined && answered < asked) return undefined;
  return answered < 1n ? 1n : answered;
}
