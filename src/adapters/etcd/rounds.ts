import { messageOf } from "../../platform/errors.ts";
import { sleep, type Timers } from "../../platform/timers.ts";

/** What a round is given. */
export interface Round {
  /** Ends what the round waits for. */
  readonly stopped: AbortSignal;
  /** Another round is wanted now: the same, and what only waits should end. */
  readonly woken: AbortSignal;
  /** What could fail has worked, though the round goes on. */
  readonly works: () => void;
}

export interface RoundsOptions {
  readonly timers: Timers;
  /** The delay after a failure, doubled with each up to the maximum. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Told of each failure, in one line, and of the first success after one. */
  readonly onProblem: (problem: string | undefined) => void;
  /** Resolves with the delay of the next round in milliseconds. */
  readonly round: (round: Round) => Promise<number>;
}

interface Running {
  readonly stopped: AbortController;
  readonly woken: AbortController;
}

/**
 * Does one thing again and again until it is stopped, which is for good: later after a failure, at
 * once when it is woken.
 */
export class Rounds {
  readonly #options: RoundsOptions;
  #running: Running | undefined;
  #isStopped = false;
  #failures = 0;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#run();
  }

  wake(): void {
    this.#running?.woken.abort();
  }

  /** No round begins after it, and one that is under way has lost its signal. */
  stop(): void {
    this.#isStopped = true;
    this.#running?.stopped.abort();
    this.#running?.woken.abort();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const running = { stopped: new AbortController(), woken: new AbortController() };
      this.#running = running;
      const delayMs = await this.#once(running);
      await sleep(this.#options.timers, delayMs, running.woken.signal);
    }
  }

  async #once({ stopped, woken }: Running): Promise<number> {
    const { round, onProblem, retryMinMs, retryMaxMs } = this.#options;
    const works = () => {
      if (this.#failures > 0 && !stopped.signal.aborted) onProblem(undefined);
      this.#failures = 0;
    };
    try {
      const delayMs = await round({ stopped: stopped.signal, woken: woken.signal, works });
      works();
      return delayMs;
    } catch (error) {
      if (!stopped.signal.aborted) onProblem(messageOf(error));
      return Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures++, 16));
    }
  }
}
