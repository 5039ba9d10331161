import { Certainty, type Instant } from "../../cluster/membership/certainty.ts";
import type { HubLease, LeaseState } from "../../cluster/membership/lease.ts";
import { messageOf } from "../../platform/errors.ts";
import { randomHex } from "../../platform/random.ts";
import { type Cancel, repeat, sleep } from "../../platform/timers.ts";
import type { ConsulAgent } from "./agent.ts";
import { Lock, type LockView, SESSION_MS, watchLock } from "./lock.ts";
import { Watch, type WatchDeps } from "./watch.ts";

export interface ConsulLeaseOptions extends WatchDeps {
  readonly agent: ConsulAgent;
  /** As given. */
  readonly url: string;
  readonly key: string;
}

/**
 * Consul counts from the arrival of a renewal, this node from before it was sent. A tenth of the
 * time is reserved for clock drift, and for requests in progress when the time runs out.
 */
const MARGIN_MS = 1_000;
const CERTAIN_MS = SESSION_MS - MARGIN_MS;
const RENEW_MS = SESSION_MS / 3;
/** Delay before a failed renewal is retried: two or three retries fit into the time. */
const RENEW_RETRY_MS = 500;
/** The same for an attempt to acquire a free lock: it is delayed, or Consul fails. */
const ACQUIRE_RETRY_MS = 1_000;
/** How soon a machine that was suspended notices that its time has run out. */
const CLOCK_CHECK_MS = 500;
const BOOT_BYTES = 8;
/** The longest that the end waits for Consul. */
const FAREWELL_MS = 900;

/**
 * The lease of the hub as a lock in Consul. A holder that stops releases it at once. The lock of
 * one that dies is free after its session has ended and the lock delay is over: 30 s (20 to 30 by
 * contract), and longer if Consul elects a leader meanwhile.
 */
export class ConsulLease implements HubLease {
  readonly url: string;
  readonly #options: ConsulLeaseOptions;
  readonly #watch: Watch<LockView>;
  readonly #certainty: Certainty;
  readonly #life = new AbortController();
  #lock: Lock | undefined;
  #onState: (state: LeaseState) => void = () => {};
  #wanted = false;
  #view: LockView | undefined;
  #watchFailure: string | undefined;
  /** Why the last renewal or attempt failed. */
  #failure: string | undefined;
  #told: LeaseState | undefined;
  #wake: Cancel = () => {};
  #cancelClockCheck: Cancel = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(options: ConsulLeaseOptions) {
    this.url = options.url;
    this.#options = options;
    this.#certainty = new Certainty(options.clock);
    this.#watch = new Watch(options, {
      ask: (index, signal) => watchLock(options.agent, options.key, index, signal),
      onAnswer: (view) => {
        this.#watchFailure = undefined;
        this.#view = view;
        this.#tell();
        // Answers may arrive in any order: one that contradicts this node's state is checked at
        // once.
        if (view.session !== this.#lock?.session || !this.#certainty.since) this.#wake();
      },
      onFailure: (reason) => {
        this.#watchFailure = reason;
        this.#tell();
      },
    });
  }

  start(nodeId: string, onState: (state: LeaseState) => void): void {
    const { agent, clock, random, key, timers } = this.#options;
    const holder = { node_id: nodeId, boot: randomHex(random, BOOT_BYTES) };
    this.#lock = new Lock(agent, { clock, key, holder });
    this.#onState = onState;
    this.#cancelClockCheck = repeat(timers, CLOCK_CHECK_MS, () => this.#checkClocks());
    void this.#watch.start();
    this.#running = this.#run(this.#lock, this.#life.signal);
  }

  want(isWanted: boolean): void {
    if (isWanted === this.#wanted) return;
    this.#wanted = isWanted;
    this.#wake();
  }

  async stop(): Promise<void> {
    const { timers } = this.#options;
    this.#onState = () => {};
    this.#cancelClockCheck();
    this.#watch.stop();
    this.#life.abort();
    this.#wake();
    const farewell = new AbortController();
    const goodbye = this.#running.then(() => this.#lock?.giveBack(farewell.signal));
    await Promise.race([goodbye.catch(() => {}), sleep(timers, FAREWELL_MS)]);
    farewell.abort();
  }

  async #run(lock: Lock, life: AbortSignal): Promise<void> {
    while (!life.aborted) {
      const pause = new AbortController();
      this.#wake = () => pause.abort();
      const pauseMs = await this.#step(lock, life);
      if (life.aborted) return;
      this.#tell();
      if (pauseMs === undefined) await untilAborted(pause.signal);
      else await sleep(this.#options.timers, pauseMs, pause.signal);
    }
  }

  /**
   * Does what is due. Returns the time until the next action; undefined if it depends on an event.
   */
  async #step(lock: Lock, life: AbortSignal): Promise<number | undefined> {
    try {
      if (!this.#wanted) return await this.#giveBack(lock, life);
      if (this.#certainty.since !== undefined) return await this.#renew(lock, life);
      return await this.#acquire(lock, life);
    } catch (error) {
      this.#failure = messageOf(error);
      return this.#certainty.since === undefined ? ACQUIRE_RETRY_MS : RENEW_RETRY_MS;
    }
  }

  async #renew(lock: Lock, life: AbortSignal): Promise<number> {
    const since = await lock.confirm(life);
    this.#failure = undefined;
    if (since !== undefined) return this.#hold(since);
    this.#certainty.end();
    this.#lookAnew();
    return ACQUIRE_RETRY_MS;
  }

  async #acquire(lock: Lock, life: AbortSignal): Promise<number | undefined> {
    const isTaken = this.#view?.session !== undefined && this.#view.session !== lock.session;
    if (isTaken || this.#view === undefined) {
      await lock.giveBack(life);
      return undefined;
    }
    const attempt = await lock.acquire(life);
    this.#failure = undefined;
    if (typeof attempt !== "string") return this.#hold(attempt);
    if (attempt === "taken") this.#watch.refresh();
    return ACQUIRE_RETRY_MS;
  }

  /** How long its renewal can wait. */
  #hold(since: Instant): number {
    const { clock } = this.#options;
    this.#certainty.renew(since, CERTAIN_MS);
    return Math.max(0, since.monotonicMs + RENEW_MS - clock.monotonicMs());
  }

  async #giveBack(lock: Lock, life: AbortSignal): Promise<undefined> {
    this.#certainty.end();
    this.#failure = undefined;
    if (lock.session === undefined) return;
    await lock.giveBack(life);
    this.#lookAnew();
  }

  /**
   * The watch will report the present holder; this node's may still be the last one that it saw.
   */
  #lookAnew(): void {
    this.#view = undefined;
    this.#watch.refresh();
  }

  /** The time continues while this machine sleeps, and while a request hangs. */
  #checkClocks(): void {
    if (this.#certainty.since === undefined) return;
    const was = this.#told?.kind;
    this.#tell();
    if (was === "held" && this.#told?.kind !== "held") this.#wake();
  }

  #tell(): void {
    const state = this.#state();
    if (state === undefined || isSame(state, this.#told)) return;
    this.#told = state;
    this.#onState(state);
  }

  /** Undefined while the state is unknown. */
  #state(): LeaseState | undefined {
    const { agent } = this.#options;
    if (this.#wanted && this.#certainty.since !== undefined) {
      const { until } = this.#certainty;
      if (until !== undefined) return { kind: "held", until };
      return {
        kind: "unknown",
        reason: this.#failure ?? "this machine was suspended for too long",
      };
    }
    if (this.#watchFailure !== undefined) return { kind: "unknown", reason: this.#watchFailure };
    if (this.#view === undefined) {
      const isLost = this.#wanted && this.#told?.kind === "held";
      return isLost ? { kind: "unknown", reason: `${agent.name} has ended the lease` } : undefined;
    }
    const { session, holder } = this.#view;
    const isOurs = session !== undefined && session === this.#lock?.session;
    if (session !== undefined && !isOurs) return { kind: "taken", holder };
    if (this.#failure !== undefined) return { kind: "unknown", reason: this.#failure };
    // This node's session, but not holding the lock: it is being acquired or released.
    return isOurs ? undefined : { kind: "free" };
  }
}

function isSame(one: LeaseState, other: LeaseState | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
