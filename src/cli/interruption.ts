import type { Cancel } from "../platform/timers.ts";
import { CommandFailure } from "./failure.ts";
import type { Host } from "./host.ts";

/** What a shell reports of a program that a signal has ended: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * A signal later than this after the first is from somebody who waits no longer. Sooner ones repeat
 * the first: `timeout` signals a program and then its group, GNU parallel sends SIGTERM three times
 * within 0.4 s, a workflow engine passes on what the terminal has sent already.
 */
const REPEATED_MS = 1000;

/** SIGINT and SIGTERM, as a request to end in order, and later as one to end at once. */
export class Interruption {
  readonly #asked = new AbortController();
  readonly #unlisten: Cancel;
  #exitCode = 0;
  #askedMs = 0;

  /** `onExit` is called before the process ends at once. */
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

  /** What a command ends with that was stopped. */
  failure(message: string): CommandFailure {
    return new CommandFailure(message, this.#exitCode);
  }

  /** Signals end the process again. */
  close(): void {
    this.#unlisten();
  }
}
