import type { Problem } from "../platform/errors.ts";

interface Waiting<Context, Answer> {
  readonly context: Context;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** Pending requests to a simulation, each with the context that its answer is handled in. */
export class WaitingRequests<Context, Answer> {
  readonly #waiting = new Map<number, Waiting<Context, Answer>>();
  #last = 0;
  #ended: Problem | undefined;

  get size(): number {
    return this.#waiting.size;
  }

  /** Sends a request under a unique number; settles with its answer. */
  ask(context: Context, send: (request: number) => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const request = ++this.#last;
      this.#waiting.set(request, { context, resolve, reject });
      send(request);
    });
  }

  /** Removes and returns a pending request; undefined when there is none. */
  take(request: number): Waiting<Context, Answer> | undefined {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    return waiting;
  }

  answer(request: number, answer: Answer): void {
    this.take(request)?.resolve(answer);
  }

  /** Rejects all requests, present and future. */
  end(reason: Problem): void {
    this.#ended = reason;
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
    this.#waiting.clear();
  }
}
