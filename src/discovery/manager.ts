import { messageOf } from "../platform/errors.ts";
import type { Cancel, Timers } from "../platform/timers.ts";
import type { Log } from "../telemetry/log.ts";
import type { Announcement, BackendStatus, DiscoveryBackend, Nomination } from "./backend.ts";

export interface DiscoveryDeps {
  readonly backends: readonly DiscoveryBackend[];
  readonly timers: Timers;
  readonly log: Log;
}

/** Delay until a failed backend is started again; doubled up to the maximum. */
const RESTART_DELAY_MIN_MS = 1_000;
const RESTART_DELAY_MAX_MS = 60_000;
/**
 * Interval at which absent environments are checked again: a VPN may be installed while a node
 * runs.
 */
const ABSENT_CHECK_MS = 30_000;

interface Running {
  readonly backend: DiscoveryBackend;
  /** `absent`: nobody has named it, and what it needs is not present. */
  state: BackendStatus["state"] | "absent";
  detail: string;
  nominations: number;
  restartDelayMs: number;
  cancelRestart: Cancel;
  /** Resolves when the last attempt to start it is over: a backend has one start at a time. */
  attempt: Promise<void>;
}

/** True from a start to the next stop. */
interface Life {
  readonly nominate: (nomination: Nomination) => void;
}

/**
 * Runs all backends side by side as one. A failed backend is reported and started again later, and
 * never stops the others; only the status shows it.
 */
export class DiscoveryManager {
  readonly #deps: DiscoveryDeps;
  readonly #running: readonly Running[];
  #announcement: Announcement | undefined;
  #life: Life | undefined;

  constructor(deps: DiscoveryDeps) {
    this.#deps = deps;
    this.#running = deps.backends.map((backend) => ({
      backend,
      state: "starting",
      detail: "",
      nominations: 0,
      restartDelayMs: RESTART_DELAY_MIN_MS,
      cancelRestart: () => {},
      attempt: Promise.resolve(),
    }));
  }

  /** Starts every backend, also after a stop, and returns at once. */
  start(announcement: Announcement, nominate: (nomination: Nomination) => void): void {
    const life = { nominate };
    this.#life = life;
    this.#announcement = announcement;
    for (const running of this.#running) {
      running.state = "starting";
      this.#try(running, life);
    }
  }

  update(announcement: Announcement): void {
    this.#announcement = announcement;
    // It would announce again what has just been withdrawn.
    if (this.#life === undefined) return;
    for (const running of this.#running) {
      if (running.state === "running")
        this.#guard(running, () => running.backend.update(announcement));
    }
  }

  refresh(): void {
    for (const running of this.#running) {
      if (running.state === "running") this.#guard(running, () => running.backend.refresh());
    }
  }

  statuses(): readonly BackendStatus[] {
    return this.#running.flatMap(({ backend, state, detail, nominations }) => {
      if (state === "absent") return [];
      const isIdle = state === "running" && backend.isWorking?.() === false;
      const links = state === "running" ? (backend.links?.() ?? []) : [];
      return {
        name: backend.name,
        state: isIdle ? "failed" : state,
        detail: state === "running" ? (backend.describe?.() ?? "") : detail,
        nominations,
        ...(links.length > 0 ? { links } : {}),
      };
    });
  }

  /** Withdraws all announcements. Never rejects. */
  async stop(): Promise<void> {
    this.#life = undefined;
    await Promise.all(this.#running.map((running) => this.#stopOne(running)));
  }

  /** Starts it as soon as an attempt of an earlier start is over. */
  #try(running: Running, life: Life): void {
    running.attempt = running.attempt.then(() => this.#startOne(running, life));
  }

  async #startOne(running: Running, life: Life): Promise<void> {
    const announcement = this.#announcement;
    if (this.#life !== life || !announcement) return;
    // Remains of an earlier start must not run beside this one.
    if (running.state === "failed") await running.backend.stop().catch(() => {});
    if (this.#life !== life) return;
    if (running.backend.isThere !== undefined) {
      running.state = "absent";
      const isThere = await running.backend.isThere();
      if (this.#life !== life) return;
      if (!isThere) return this.#tryAfter(running, ABSENT_CHECK_MS);
    }
    running.state = "starting";
    const nominate = (nomination: Nomination) => {
      running.nominations++;
      if (this.#life === life) life.nominate(nomination);
    };
    try {
      await running.backend.start(announcement, nominate);
    } catch (error) {
      if (this.#life === life) return this.#fail(running, error);
    }
    if (this.#life !== life) return this.#stopOne(running);
    running.state = "running";
    running.detail = "";
    running.restartDelayMs = RESTART_DELAY_MIN_MS;
    // The role may have changed while the backend was starting.
    const latest = this.#announcement;
    if (latest !== announcement && latest)
      this.#guard(running, () => running.backend.update(latest));
  }

  async #stopOne(running: Running): Promise<void> {
    running.cancelRestart();
    try {
      if (running.state !== "failed" && running.state !== "absent") await running.backend.stop();
    } catch (error) {
      const fields = { backend: running.backend.name, reason: messageOf(error) };
      this.#deps.log.warn("discovery backend did not stop cleanly", fields);
    }
    running.state = "stopped";
  }

  #tryAfter(running: Running, delayMs: number): void {
    const life = this.#life;
    running.cancelRestart();
    if (life === undefined) return;
    running.cancelRestart = this.#deps.timers.after(delayMs, () => this.#try(running, life));
  }

  #guard(running: Running, task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#fail(running, error);
    }
  }

  #fail(running: Running, error: unknown): void {
    const delayMs = running.restartDelayMs;
    const first = running.detail === "";
    running.state = "failed";
    running.detail = messageOf(error);
    running.restartDelayMs = Math.min(RESTART_DELAY_MAX_MS, 2 * delayMs);
    const fields = { backend: running.backend.name, reason: running.detail, retry_ms: delayMs };
    // Logged once: a laptop without a network should not fill its log.
    if (first) this.#deps.log.warn("discovery backend failed", fields);
    else this.#deps.log.debug("discovery backend failed", fields);
    this.#tryAfter(running, delayMs);
  }
}
