import { messageOf, Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import type { Cancel } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { PingContent, Pinger, Pong } from "./pinger.ts";
import {
  decayingMax,
  REFUSALS_MIN,
  SUCCESSOR_PING_MS,
  suspectAfterMs,
  WORKER_PING_MS,
} from "./suspicion.ts";

export interface HeartbeatDeps {
  readonly deps: Pick<ClusterDeps, "clock" | "timers" | "log">;
  readonly pinger: Pick<Pinger, "ask">;
  readonly content: (target: string) => PingContent;
  /** The round-trip time of the target before it was watched; undefined if it is unknown. */
  readonly rttMs: (target: string) => number | undefined;
  /** The delay of this node's timers, as measured by its upkeep. */
  readonly lagMs: () => number;
  /** The interval of pings to a target without changes. */
  readonly calmMs: () => number;
  readonly onReply: (target: string, pong: Pong) => void;
  /** The target has fallen silent. Called once per silence. */
  readonly onSilence: (target: string, refuses: boolean) => void;
}

/**
 * Silence is judged by the clock, not by this timeout: a ping that is given up only makes room for
 * the next.
 */
const PING_TIMEOUT_MS = 2_500;
const PING_TIMEOUT_MAX_MS = 8_000;
/**
 * Assumed round-trip time before the first measurement: a node that has just been found may be
 * starting.
 */
const FIRST_RTT_MS = 250;
/** Additional time for the first answer: many nodes may be asking at the same time. */
const FIRST_PATIENCE_MS = 2_000;
/** A ping without an answer for this long is enough to confirm another node's suspicion. */
const CONFIRM_AFTER_MS = 500;
/**
 * While others join, there are constant changes: the pings are frequent, but no more than the
 * target can handle.
 */
const SETTLING_MS = 4_000;
const SETTLING_LAGS = 4;
/**
 * After one node has come or gone others may follow: a target counts as calm after this long
 * without changes.
 */
const CALM_AFTER_MS = 30_000;

/**
 * Watches one node by pings and reports when it has fallen silent. One ping is open at a time: more
 * would only queue at a node that is behind, and make a slow hub a dead one.
 */
export class Heartbeat {
  readonly #with: HeartbeatDeps;
  #target: string | undefined;
  /** Counts the targets, to ignore answers to pings of earlier ones. */
  #round = 0;
  #isSuccessor = false;
  /** The last answer contained changes: more may follow soon. */
  #hasNews = false;
  #newsMs = 0;
  #watchedMs = 0;
  #heardMs = 0;
  /** When the first unanswered ping was sent; undefined if none is open. */
  #unansweredMs: number | undefined;
  #isNew = true;
  #isOpen = false;
  #isAgain = false;
  #hasFailed = false;
  #isSilent = false;
  #refusals = 0;
  #ownLagMs = 0;
  #targetLagMs = 0;
  #peakRttMs = 0;
  #lastRttMs = 0;
  /** When the next ping is due. */
  #scheduledMs = 0;
  #cancel: Cancel = () => {};

  constructor(withDeps: HeartbeatDeps) {
    this.#with = withDeps;
  }

  /** The delay of this node's own timers, milliseconds. */
  get lagMs(): number {
    return Math.round(this.#ownLagMs);
  }

  get target(): string | undefined {
    return this.#target;
  }

  watch(target: string): void {
    this.release();
    this.#target = target;
    this.#isSuccessor = false;
    this.#watchedMs = this.#nowMs();
    this.#heardMs = this.#watchedMs;
    this.#newsMs = this.#watchedMs;
    this.#unansweredMs = undefined;
    this.#isNew = true;
    this.#hasFailed = false;
    this.#isSilent = false;
    this.#refusals = 0;
    this.#targetLagMs = 0;
    this.#lastRttMs = this.#with.rttMs(target) ?? 0;
    this.#peakRttMs = Math.max(FIRST_RTT_MS, this.#lastRttMs);
    this.#isOpen = false;
    this.#isAgain = false;
    this.#schedule();
    this.pingNow();
  }

  release(): void {
    this.#target = undefined;
    this.#round++;
    this.#cancel();
  }

  /** A successor pings more often: it must be the first to notice. */
  setSuccessor(isSuccessor: boolean): void {
    if (this.#target === undefined) return;
    this.#isSuccessor = isSuccessor;
    this.#reschedule();
  }

  /** The target has more changes than fitted into its answer, or another node asks about it. */
  pingNow(): void {
    if (this.#target === undefined) return;
    if (this.#isOpen) this.#isAgain = true;
    else void this.#ping(this.#target, this.#round);
  }

  /**
   * The target has proven at another address that it is alive: an open ping went to an obsolete
   * address.
   */
  pingElsewhere(): void {
    this.#round++;
    this.#isOpen = false;
    this.#isAgain = false;
    this.#heardMs = this.#nowMs();
    this.#unansweredMs = undefined;
    this.pingNow();
  }

  /**
   * Whether this node, asked by another worker, has lost that hub too; null if it is not this
   * node's hub.
   */
  hasLost(hub: string): boolean | null {
    if (this.#target !== hub) return null;
    if (this.#isSilent || this.#refusals > 0) return true;
    return this.#hasFailed && this.#waitedMs() > CONFIRM_AFTER_MS;
  }

  #schedule(): void {
    const intervalMs = this.#intervalMs();
    this.#scheduledMs = intervalMs;
    const dueMs = this.#nowMs() + intervalMs;
    this.#cancel = this.#with.deps.timers.after(intervalMs, () => {
      this.#ownLagMs = decayingMax(this.#ownLagMs, this.#nowMs() - dueMs);
      this.#schedule();
      if (!this.#isOpen) this.pingNow();
      this.#judge();
    });
  }

  /** Called after a change of what the interval depends on. */
  #reschedule(): void {
    if (this.#intervalMs() === this.#scheduledMs) return;
    this.#cancel();
    this.#schedule();
  }

  #intervalMs(): number {
    if (this.#isSuccessor || this.#unansweredMs !== undefined) return SUCCESSOR_PING_MS;
    const nowMs = this.#nowMs();
    const isSettling = this.#hasNews || nowMs - this.#watchedMs < SETTLING_MS;
    if (!isSettling) {
      return nowMs - this.#newsMs < CALM_AFTER_MS ? WORKER_PING_MS : this.#with.calmMs();
    }
    const lagMs = Math.max(this.#lastRttMs, this.#targetLagMs);
    return Math.min(WORKER_PING_MS, Math.max(SUCCESSOR_PING_MS, SETTLING_LAGS * lagMs));
  }

  #judge(): void {
    if (this.#target === undefined || this.#isSilent) return;
    const slowness = {
      ownLagMs: Math.max(this.#ownLagMs, this.#with.lagMs()),
      hubLagMs: this.#targetLagMs,
      peakRttMs: this.#peakRttMs,
    };
    const refuses = this.#refusals >= REFUSALS_MIN;
    const patienceMs = suspectAfterMs(slowness) + (this.#isNew ? FIRST_PATIENCE_MS : 0);
    if (!refuses && this.#waitedMs() <= patienceMs) return;
    this.#isSilent = true;
    this.#with.onSilence(this.#target, refuses);
  }

  async #ping(target: string, round: number): Promise<void> {
    this.#isOpen = true;
    this.#unansweredMs ??= this.#nowMs();
    this.#reschedule();
    const timeoutMs = Math.min(PING_TIMEOUT_MAX_MS, PING_TIMEOUT_MS + 4 * this.#peakRttMs);
    const pong = await this.#ask(target, timeoutMs);
    if (round !== this.#round) return;
    this.#isOpen = false;
    if (pong) this.#hear(target, pong);
    else this.#fail();
    if (!this.#isAgain || round !== this.#round) return;
    this.#isAgain = false;
    this.pingNow();
  }

  async #ask(target: string, timeoutMs: number): Promise<Pong | undefined> {
    const { pinger, content, deps } = this.#with;
    try {
      return await pinger.ask(target, content(target), timeoutMs);
    } catch (error) {
      const isRefusal = error instanceof NetworkError && error.failure === "refused";
      this.#refusals = isRefusal ? this.#refusals + 1 : 0;
      // A Problem: its key is no longer known.
      if (!(error instanceof NetworkError) && !(error instanceof Problem)) {
        deps.log.warn("a ping failed", { hub: target, reason: messageOf(error) });
      }
      return undefined;
    }
  }

  #hear(target: string, pong: Pong): void {
    this.#hasFailed = false;
    this.#isSilent = false;
    this.#refusals = 0;
    this.#heardMs = this.#nowMs();
    this.#unansweredMs = undefined;
    this.#isNew = false;
    this.#peakRttMs = decayingMax(this.#peakRttMs, pong.rttMs);
    this.#lastRttMs = pong.rttMs;
    this.#targetLagMs = pong.reply.lag_ms;
    const { entries = [], removed = [] } = pong.reply.registry ?? {};
    this.#hasNews = entries.length + removed.length > 0;
    if (this.#hasNews) this.#newsMs = this.#heardMs;
    this.#with.onReply(target, pong);
    if (this.#target === target) this.#reschedule();
  }

  /** The next ping follows soon: two refusals in a row are certain, two silences are not. */
  #fail(): void {
    this.#hasFailed = true;
    this.#judge();
  }

  /** How long the first unanswered ping has been open. */
  #waitedMs(): number {
    return this.#unansweredMs === undefined ? 0 : this.#nowMs() - this.#unansweredMs;
  }

  #nowMs(): number {
    return this.#with.deps.clock.monotonicMs();
  }
}
