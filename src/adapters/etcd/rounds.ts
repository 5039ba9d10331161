import { messageOf } from "../../platform/errors.ts";
import { sleep, type Timers } from "../../platform/timers.ts";

/** What a round gets. */
export interface Round {
  /** Ends the round's waiting. */
  readonly stopped: AbortSignal;
  /** Another round is wanted now: it is started after what only waits has ended. */
  readonly woken: AbortSignal;
  /** The part that can fail has succeeded, though the round continues. */
  readonly works: () => void;
}

export interface RoundsOptions {
  readonly timers: Timers;
  /** The delay after a failure, doubled up to the maximum. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Called for each failure, with one line, and for the first success after one. */
  readonly onProblem: (problem: string | undefined) => void;
  /** Resolves with the delay of the next round in milliseconds. */
  readonly round: (round: Round) => Promise<number>;
}

interface Running {
  readonly stopped: AbortController;
  readonly woken: AbortController;
}

/**
 * Repeats one task until it is stopped, which is permanent: with a delay after a failure, and at
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

  /** No round starts after it, and the signal of one in progress is aborted. */
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
