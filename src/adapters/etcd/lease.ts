import { Certainty, type Instant, nowBy } from "../../cluster/membership/certainty.ts";
import type { HubLease, LeaseState } from "../../cluster/membership/lease.ts";
import type { Clock } from "../../platform/clock.ts";
import { type Cancel, repeat, type Timers } from "../../platform/timers.ts";
import type { EtcdAccess } from "./access.ts";
import { EtcdClient } from "./client.ts";
import { type Round, Rounds } from "./rounds.ts";
import { type Entry, EtcdStore, NO_LEASE, type Reading } from "./store.ts";
import { Vacancy } from "./vacancy.ts";
import { watchOnce } from "./watching.ts";

export interface EtcdLeaseDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly access: EtcdAccess;
  /** As given; it contains no credentials. */
  readonly url: string;
  /** The key that the holder of the lease has created. */
  readonly key: string;
}

/**
 * A holder that is gone is replaced after six to nine seconds. A shorter time would not outlast a
 * change of etcd's own leader: up to 2.5 s; and if the old one hangs, two members may time out
 * before the third renews (4.5 s).
 */
const TTL_SECONDS = 8;
const RENEW_MS = 2_000;
const ATTEMPT_MS = 1_500;
/**
 * Reserve for clock drift (a hundredth of a percent), and for the guard, which may be this late.
 */
const MARGIN_MS = 1_000;
const GUARD_MS = 500;
/**
 * Interval of checks. The watch reports changes at once; this is for a watch whose connection is
 * dead.
 */
const LOOK_MS = 5_000;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 2_000;
const FAREWELL_MS = 900;
/** The key stays when the lease is given back, to distinguish it from one that has vanished. */
const GIVEN_BACK = { value: "", lease: NO_LEASE } as const;
/** The value with which a node creates the key: its id. */
const NODE_ID = /^[\x21-\x7e]{1,64}$/;

/**
 * The lease of the hub as a key of etcd, created by a transaction that succeeds only if the key
 * does not exist. The key is bound to a lease of etcd, and by that lease a node recognises its own
 * key: a copy of its directory has the same id.
 */
export class EtcdLease implements HubLease {
  readonly url: string;
  readonly #deps: EtcdLeaseDeps;
  readonly #store: EtcdStore;
  readonly #certainty: Certainty;
  readonly #vacancy: Vacancy;
  readonly #acting: Rounds;
  readonly #watching: Rounds;
  #cancelGuard: Cancel = () => {};
  #nodeId = "";
  #onState: (state: LeaseState) => void = () => {};
  #isWanted = false;
  #problem = "";
  /** etcd's lease under which this node has created the key, or has tried to. */
  #own: string | undefined;
  #told: LeaseState | undefined;

  constructor(deps: EtcdLeaseDeps) {
    const { timers, clock, url, access } = deps;
    this.url = url;
    this.#deps = deps;
    this.#store = new EtcdStore(new EtcdClient(access, ATTEMPT_MS));
    this.#certainty = new Certainty(clock);
    this.#vacancy = new Vacancy(clock, TTL_SECONDS * 1_000);
    const retry = { timers, retryMinMs: RETRY_MIN_MS, retryMaxMs: RETRY_MAX_MS };
    this.#acting = new Rounds({
      ...retry,
      onProblem: (problem) => this.#fail(problem),
      round: (round) => this.#act(round),
    });
    // The other rounds report what its failures mean.
    this.#watching = new Rounds({
      ...retry,
      onProblem: () => this.#acting.wake(),
      round: (round) => this.#watch(round),
    });
  }

  start(nodeId: string, onState: (state: LeaseState) => void): void {
    this.#nodeId = nodeId;
    this.#onState = onState;
    this.#acting.start();
    this.#watching.start();
    this.#cancelGuard = repeat(this.#deps.timers, GUARD_MS, () => this.#guard());
  }

  want(isWanted: boolean): void {
    if (this.#isWanted === isWanted) return;
    this.#isWanted = isWanted;
    this.#acting.wake();
  }

  async stop(): Promise<void> {
    this.#onState = () => {};
    this.#cancelGuard();
    this.#acting.stop();
    this.#watching.stop();
    const farewell = AbortSignal.timeout(FAREWELL_MS);
    await this.#giveBack(farewell).catch(() => {});
  }

  /**
   * Renews a lease that this node holds, checks who holds it otherwise, and acquires a free one.
   */
  async #act({ stopped }: Round): Promise<number> {
    if (!this.#isWanted) await this.#giveBack(stopped);
    const sentAt = nowBy(this.#deps.clock);
    const own = this.#own;
    const renewal = own && (await this.#store.keepAlive(own, stopped));
    const reading = await this.#read(stopped);
    const [entry] = reading.entries;
    if (renewal && renewal.ttlMs > 0 && entry?.leaseId === own) {
      // A deposed leader also renews, as long as it does not know. A majority of members has agreed
      // to the read: until then there was no later term than the one in it.
      if (renewal.term === reading.term) return this.#hold(sentAt, renewal.ttlMs);
      return RETRY_MIN_MS;
    }
    const isFree = entry === undefined || isGivenBack(entry);
    // Reported before anything else is asked of a store that may not answer.
    this.#tell(isFree ? { kind: "free" } : this.#stateOf(entry));
    await this.#giveBack(stopped);
    if (isFree) return this.#acquire(entry?.revision ?? 0n, stopped);
    return this.#isWanted ? Math.min(LOOK_MS, this.#vacancy.lookInMs) : LOOK_MS;
  }

  /** The key; if this node waits for its turn, first the remaining time of its holder. */
  async #read(stopped: AbortSignal): Promise<Reading> {
    const { clock, key } = this.#deps;
    const askedMs = clock.monotonicMs();
    const { holdersLease } = this.#vacancy;
    const watched = this.#isWanted && holdersLease !== this.#own ? holdersLease : undefined;
    const remainder = watched && (await this.#store.remainder(watched, stopped));
    const reading = await this.#store.read({ key }, 0n, stopped);
    // As with a renewal: a deposed leader does not know of later changes.
    if (remainder && remainder.term === reading.term) {
      this.#vacancy.look(watched, remainder, askedMs);
    }
    this.#vacancy.note(reading, this.#certainty.until !== undefined);
    return reading;
  }

  /** @param revision of the key when it was seen to be free */
  async #acquire(revision: bigint, stopped: AbortSignal): Promise<number> {
    const { waitMs } = this.#vacancy;
    if (waitMs > 0) return Math.min(LOOK_MS, waitMs);
    if (!this.#isWanted) return LOOK_MS;
    const sentAt = nowBy(this.#deps.clock);
    const { leaseId, ttlMs } = await this.#store.grant(TTL_SECONDS, stopped);
    this.#own = leaseId;
    const put = { key: this.#deps.key, value: this.#nodeId, lease: leaseId };
    const isOurs = await this.#store.putIf({ revision }, put, stopped);
    // Otherwise another node was faster, or a request that seemed lost has succeeded: the next
    // check will tell.
    return isOurs ? this.#hold(sentAt, ttlMs) : 0;
  }

  #hold(sentAt: Instant, ttlMs: number): number {
    if (!this.#isWanted) return 0;
    // The server may grant more time, of which others do not know.
    this.#certainty.renew(sentAt, Math.min(ttlMs, TTL_SECONDS * 1_000) - MARGIN_MS);
    const { until } = this.#certainty;
    if (until === undefined) return 0;
    this.#tell({ kind: "held", until });
    return RENEW_MS;
  }

  async #giveBack(signal: AbortSignal): Promise<void> {
    const own = this.#own;
    if (own === undefined) return;
    this.#certainty.end();
    await this.#store.putIf({ lease: own }, { key: this.#deps.key, ...GIVEN_BACK }, signal);
    await this.#store.revoke(own, signal);
    this.#own = undefined;
  }

  #watch({ woken }: Round): Promise<number> {
    const watched = { timers: this.#deps.timers, store: this.#store };
    const range = { key: this.#deps.key };
    return watchOnce(watched, range, 0n, woken, () => this.#acting.wake());
  }

  #stateOf({ value, leaseId }: Entry): LeaseState {
    if (leaseId !== NO_LEASE && NODE_ID.test(value)) return { kind: "taken", holder: value };
    const { key } = this.#deps;
    const reason = `the key ${key} of etcd is not a lease of tankd: remove it (etcdctl del ${key})`;
    return { kind: "unknown", reason };
  }

  #fail(problem: string | undefined): void {
    this.#problem = problem ?? "";
    const isHeld = this.#certainty.until !== undefined;
    if (problem !== undefined && !isHeld) this.#tell({ kind: "unknown", reason: problem });
  }

  /** A lease that was reported as held, and is not certain any more. */
  #guard(): void {
    if (this.#told?.kind !== "held" || this.#certainty.until !== undefined) return;
    const reason = this.#problem || "not renewed in time: this machine was suspended or overloaded";
    this.#tell({ kind: "unknown", reason });
    this.#acting.wake();
  }

  /** Each change once, and every renewal. */
  #tell(state: LeaseState): void {
    const isNew = state.kind === "held" || JSON.stringify(state) !== JSON.stringify(this.#told);
    this.#told = state;
    if (isNew) this.#onState(state);
  }
}

function isGivenBack({ value, leaseId }: Entry): boolean {
  return value === GIVEN_BACK.value && leaseId === GIVEN_BACK.lease;
}
