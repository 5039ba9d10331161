import { messageOf, Problem } from "../../platform/errors.ts";
import type { ReplayExecutor } from "./replay-executor.ts";
import type { FromReplay, ToReplay } from "./replay-thread.ts";

/** The message loop of a replay thread: takes orders and sends answers or errors, in order. */
export class ReplayLoop {
  readonly #executor: ReplayExecutor;
  readonly #post: (message: FromReplay) => void;
  readonly #controllers = new Map<number, AbortController>();
  #work: Promise<void> = Promise.resolve();

  constructor(executor: ReplayExecutor, post: (message: FromReplay) => void) {
    this.#executor = executor;
    this.#post = post;
  }

  receive(message: ToReplay): void {
    const { request } = message;
    if (message.kind === "cancel") {
      this.#controllers.get(request)?.abort();
      return;
    }
    const controller = new AbortController();
    this.#controllers.set(request, controller);
    this.#work = this.#work.then(() => this.#carryOut(message, controller.signal));
  }

  async #carryOut(
    { request, order }: Extract<ToReplay, { kind: "order" }>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      signal.throwIfAborted();
      const answer = await this.#executor.carryOut(order, signal);
      this.#post({ kind: "answer", request, answer });
    } catch (error) {
      const code = error instanceof Problem ? error.code : "internal";
      this.#post({ kind: "refused", request, code, message: messageOf(error) });
    } finally {
      this.#controllers.delete(request);
    }
  }
}
