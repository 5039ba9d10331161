import {
  messageOf,
  Problem,
  type StorageDamaged,
  StorageUnavailable,
} from "../../../platform/errors.ts";
import { sleep, type Timers } from "../../../platform/timers.ts";
import type { Log } from "../../../telemetry/log.ts";
import { errorFromData } from "./error-data.ts";
import type { DiskThread, FromDisk, Work } from "./messages.ts";

/** Backoff of restarts: a thread that dies at once must not be restarted in a hot loop. */
const RESTART_DELAY_MS = 50;
const RESTART_DELAY_MS_MAX = 2000;

const STOPPING = "the node is stopping";

interface Call {
  readonly work: Work;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export interface DiskClientDeps {
  readonly spawn: () => DiskThread;
  readonly opening: Extract<Work, { kind: "open" }>;
  readonly timers: Timers;
  readonly log: Log;
  /** The store was opened without a check for damage. */
  readonly onUnchecked: () => void;
}

/**
 * The client of a disk thread. Requests are sent in order, with at most one commit in flight. So
 * when the thread dies, at most one commit is in doubt, and the position of the reopened journal
 * tells whether it took effect. Its caller waits until that is known: reporting a commit as failed
 * that in fact succeeded would double fish. All other requests are refused with StorageUnavailable
 * while there is no thread, and have had no effect.
 */
export class DiskClient {
  readonly #deps: DiskClientDeps;
  readonly #closing = new AbortController();
  #thread: DiskThread | undefined;
  #requests = 0;
  #waiting: Call[] = [];
  readonly #sent = new Map<number, Call>();
  #committing = false;
  /** A commit that was sent to a thread that has died. */
  #inDoubt: Call | undefined;
  /** Why there is no thread. */
  #down: string | undefined;
  #position = 0;
  #damage: StorageDamaged | undefined;

  constructor(deps: DiskClientDeps) {
    this.#deps = deps;
  }

  /** As of the last commit that was acknowledged. */
  get position(): number {
    return this.#position;
  }

  /** Starts the first thread. Rejects with its error when it cannot open the store. */
  async open(): Promise<void> {
    await this.#start();
  }

  ask(work: Work): Promise<unknown> {
    // The API still answers for a moment.
    if (this.#closing.signal.aborted) return Promise.reject(new Problem("not_ready", STOPPING));
    if (this.#damage && work.kind === "commit") return Promise.reject(this.#damage);
    if (this.#down !== undefined) return Promise.reject(new StorageUnavailable(this.#down));
    return this.#enqueue(work);
  }

  /** Refuses all later commits: they might build on damaged data. */
  condemn(damage: StorageDamaged): void {
    this.#deps.log.error("storage is damaged", { reason: damage.message });
    this.#damage = damage;
  }

  /** Waits until all requests are settled, then closes the database and ends the thread. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const closed = this.#down === undefined ? this.#enqueue({ kind: "close" }) : undefined;
    this.#closing.abort();
    this.#inDoubt?.reject(
      new StorageUnavailable("the node stops before it is known whether this was committed"),
    );
    try {
      await closed;
    } finally {
      await this.#thread?.stop();
    }
  }

  #enqueue(work: Work): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      this.#send();
    });
  }

  #send(): void {
    for (let call = this.#waiting[0]; call; call = this.#waiting[0]) {
      const isCommit = call.work.kind === "commit";
      if (isCommit && this.#committing) return;
      this.#waiting.shift();
      this.#committing ||= isCommit;
      const request = ++this.#requests;
      this.#sent.set(request, call);
      this.#thread?.post({ request, work: call.work });
    }
  }

  /** Resolves with the position of the journal that was opened. */
  async #start(): Promise<void> {
    const thread = this.#deps.spawn();
    thread.listen({
      onMessage: (message) => {
        if (this.#thread === thread) this.#onMessage(message);
      },
      onEnd: (reason) => {
        if (this.#thread === thread) this.#onEnd(reason);
      },
    });
    this.#thread = thread;
    const positionBefore = this.#position;
    try {
      await this.#enqueue(this.#deps.opening);
    } catch (error) {
      if (this.#thread === thread) this.#thread = undefined;
      await thread.stop();
      throw error;
    }
    this.#down = undefined;
    this.#decide(this.#position > positionBefore);
  }

  #onMessage(message: FromDisk): void {
    if (message.kind === "unchecked") {
      this.#deps.onUnchecked();
      return;
    }
    if (message.kind === "warning") {
      this.#deps.log.warn("storage damage", { reason: message.sentence });
      return;
    }
    const call = this.#sent.get(message.request);
    this.#sent.delete(message.request);
    if (call?.work.kind === "commit") this.#committing = false;
    if (message.kind === "done") {
      this.#position = message.position;
      call?.resolve(message.result);
    } else call?.reject(errorFromData(message.error));
    this.#send();
  }

  #onEnd(reason: string): void {
    const wasUp = this.#down === undefined && this.#requests > 0;
    this.#thread = undefined;
    this.#down = `${reason}; it is being restarted`;
    const lost = [...this.#sent.values(), ...this.#waiting];
    const inDoubt = [...this.#sent.values()].find((call) => call.work.kind === "commit");
    this.#sent.clear();
    this.#waiting = [];
    this.#committing = false;
    this.#inDoubt ??= inDoubt;
    for (const call of lost) {
      if (call !== inDoubt) call.reject(new StorageUnavailable(reason));
    }
    const opening = lost.some((call) => call.work.kind === "open");
    if (wasUp && !opening && !this.#closing.signal.aborted) void this.#restart(reason);
  }

  async #restart(reason: string): Promise<void> {
    const { log, timers } = this.#deps;
    log.error("disk thread lost", { reason });
    let said = "";
    for (let delayMs = RESTART_DELAY_MS; ; delayMs = Math.min(2 * delayMs, RESTART_DELAY_MS_MAX)) {
      await sleep(timers, delayMs, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      try {
        await this.#start();
        log.info("disk thread restarted", { position: this.#position });
        return;
      } catch (error) {
        this.#down = messageOf(error);
        // Logged once for each reason: attempts continue for as long as the node runs.
        if (this.#down !== said) log.error("disk thread not restarted", { reason: this.#down });
        said = this.#down;
      }
    }
  }

  #decide(committed: boolean): void {
    const call = this.#inDoubt;
    this.#inDoubt = undefined;
    if (committed) call?.resolve(undefined);
    else call?.reject(new StorageUnavailable("the disk thread ended before this was committed"));
  }
}
