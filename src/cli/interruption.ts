import type { Cancel } from "../platform/timers.ts";
import { CommandFailure } from "./failure.ts";
import type { Host } from "./host.ts";

/** Exit codes as shells report them for a program that a signal has ended: 128 + its number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * A signal later than this after the first demands an exit at once. Earlier ones are duplicates:
 * `timeout` signals a program and then its group, GNU parallel sends SIGTERM three times within 0.4
 * s, a workflow engine forwards what the terminal has sent already.
 */
const REPEATED_MS = 1000;

/** SIGINT and SIGTERM: the first requests an orderly end, a later one an exit at once. */
export class Interruption {
  readonly #asked = new AbortController();
  readonly #unlisten: Cancel;
  #exitCode = 0;
  #askedMs = 0;

  /** `onExit` is called before the process exits at once. */
  constructor({ onSignal, clock, exit }: Host, onExit: () => void = () => {}) {
    this.#unlisten = onSignal((signal) => {
      const nowMs = clock.monotonicMs();
      if (!this.isAsked) {
        this.#askedMs = nowMs;
        this.#exitCode = EXIT_CODES[signal];
        this.#asked.abort(this.failure(`stopped by ${signal}`));
      } else if (nowMs - this.#askedMs > REPEATED_MS) {
        onExit();
        exit(this.#exitCode);
      }
    });
  }

  get isAsked(): boolean {
    return this.#asked.signal.aborted;
  }

  /** Aborts at the first signal, with a failure as its reason. */
  get signal(): AbortSignal {
    return this.#asked.signal;
  }

  /** The failure of a command that was stopped. */
  failure(message: string): CommandFailure {
    return new CommandFailure(message, this.#exitCode);
  }

  /** Restores the default effect of signals. */
  close(): void {
    this.#unlisten();
  }
}
