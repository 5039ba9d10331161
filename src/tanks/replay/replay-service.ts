import { messageOf, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";
import type { Log } from "../../telemetry/log.ts";
import { isAnswerTo } from "./replay-executor.ts";
import type {
  AnswerTo,
  ForkOfArchive,
  FromReplay,
  PackedTank,
  PastLook,
  PastWindow,
  ReplayAnswer,
  ReplayOrder,
  ReplayThread,
} from "./replay-thread.ts";

/**
 * Replays the past of this node's tanks, up to their last commit. Each method rejects with Problem:
 * `unknown_tank`, `outside_history`, `other_engine`, `diverged`, or `too_many` when the queue is
 * full.
 */
export interface ReplayService {
  /** The ticks that can be replayed. */
  window(tankId: string, signal?: AbortSignal): Promise<PastWindow>;
  look(tankId: string, tick: number, signal?: AbortSignal): Promise<PastLook>;
  /** The tank in one file. */
  pack(tankId: string, signal?: AbortSignal): Promise<PackedTank>;
  /**
   * Replays an archive, verifies every digest, and forks its final state. Takes ownership of the
   * bytes. Also rejects with `bad_archive`.
   */
  fork(archive: Uint8Array, tankKey: string, signal?: AbortSignal): Promise<ForkOfArchive>;
  stop(): Promise<void>;
}

export interface ReplayServiceDeps {
  readonly spawnReplay: () => ReplayThread;
  readonly timers: Timers;
  readonly log: Log;
  readonly clock: { wallMs(): number };
  /** Of this program, recorded in archives. */
  readonly version: string;
}

/** An idle thread is ended, which frees the states that it keeps. */
const IDLE_MS = 30_000;

export function createReplayService(deps: ReplayServiceDeps): ReplayService {
  return new ThreadedReplayService(deps);
}

interface Waiting {
  readonly request: number;
  readonly order: ReplayOrder;
  readonly resolve: (answer: ReplayAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** One thread, started on demand; executes one order at a time, queues a few. */
class ThreadedReplayService implements ReplayService {
  readonly #deps: ReplayServiceDeps;
  #thread: ReplayThread | undefined;
  #requests = 0;
  #current: Waiting | undefined;
  #waiting: readonly Waiting[] = [];
  #cancelIdle: Cancel = () => {};
  #stopped = false;

  constructor(deps: ReplayServiceDeps) {
    this.#deps = deps;
  }

  window(tank: string, signal?: AbortSignal): Promise<PastWindow> {
    return this.#ask("window", { kind: "window", tank }, signal);
  }

  look(tank: string, tick: number, signal?: AbortSignal): Promise<PastLook> {
    return this.#ask("look", { kind: "look", tank, tick }, signal);
  }

  pack(tank: string, signal?: AbortSignal): Promise<PackedTank> {
    const { version: programVersion, clock } = this.#deps;
    const order = { kind: "pack", tank, programVersion, madeAtMs: clock.wallMs() } as const;
    return this.#ask("pack", order, signal);
  }

  fork(archive: Uint8Array, tankKey: string, signal?: AbortSignal): Promise<ForkOfArchive> {
    return this.#ask("fork", { kind: "fork", archive, tankKey }, signal);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelIdle();
    this.#lose(new Problem("not_ready", "the node is stopping"));
    await this.#end();
  }

  async #ask<Kind extends ReplayOrder["kind"]>(
    kind: Kind,
    order: ReplayOrder,
    signal: AbortSignal | undefined,
  ): Promise<AnswerTo<Kind>> {
    if (this.#stopped) throw new Problem("not_ready", "the node is stopping");
    if (this.#waiting.length >= LIMITS.replayRequestsMax) {
      throw new Problem("too_many", "too many requests for a replay are waiting; try again");
    }
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<ReplayAnswer>();
    const request = ++this.#requests;
    const giveUp = () => this.#giveUp(request, signal?.reason);
    signal?.addEventListener("abort", giveUp, { once: true });
    this.#waiting = [...this.#waiting, { request, order, resolve, reject }];
    this.#next();
    const answer = await promise.finally(() => signal?.removeEventListener("abort", giveUp));
    if (isAnswerTo(kind, answer)) return answer;
    throw new Problem("internal", `the replay thread answered ${answer.kind} to ${kind}`);
  }

  #next(): void {
    const [first, ...others] = this.#waiting;
    if (this.#current || this.#stopped) return;
    if (!first) {
      this.#rest();
      return;
    }
    this.#cancelIdle();
    this.#waiting = others;
    this.#current = first;
    this.#started().post({ kind: "order", request: first.request, order: first.order });
  }

  #started(): ReplayThread {
    if (this.#thread) return this.#thread;
    const thread = this.#deps.spawnReplay();
    this.#thread = thread;
    thread.onMessage((message) => {
      if (this.#thread === thread) this.#onMessage(message);
    });
    return thread;
  }

  #onMessage(message: FromReplay): void {
    if (message.kind === "thread_failed") {
      this.#deps.log.error("replay thread lost", { reason: message.message });
      this.#thread = undefined;
      this.#settle((waiting) => waiting.reject(new Problem("not_ready", message.message)));
      return;
    }
    if (message.request !== this.#current?.request) return;
    this.#settle((waiting) => {
      if (message.kind === "answer") waiting.resolve(message.answer);
      else waiting.reject(new Problem(message.code, message.message));
    });
  }

  #settle(settle: (waiting: Waiting) => void): void {
    const current = this.#current;
    this.#current = undefined;
    if (current) settle(current);
    this.#next();
  }

  /** The client is gone. The thread is free again once it has confirmed the cancellation. */
  #giveUp(request: number, reason: unknown): void {
    const waiting = this.#waiting.find((one) => one.request === request);
    this.#waiting = this.#waiting.filter((one) => one.request !== request);
    if (this.#current?.request === request) this.#thread?.post({ kind: "cancel", request });
    waiting?.reject(new Problem("not_ready", `the client is gone: ${messageOf(reason)}`));
  }

  #lose(reason: Problem): void {
    const all = [...(this.#current ? [this.#current] : []), ...this.#waiting];
    this.#current = undefined;
    this.#waiting = [];
    for (const { reject } of all) reject(reason);
  }

  #rest(): void {
    this.#cancelIdle();
    this.#cancelIdle = this.#deps.timers.after(IDLE_MS, () => void this.#end());
  }

  async #end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.stop();
  }
}
