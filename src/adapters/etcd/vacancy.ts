import type { Clock } from "../../platform/clock.ts";
import { NO_LEASE, type Reading, type Remainder } from "./store.ts";

/**
 * A holder that lives has renewed its lease, of 8 s, less than 2 s ago. With so little left it has
 * failed to do so at least once.
 */
const NEGLECTED_MS = 3_000;
/** So long before its end a lease is looked at: two attempts at a store that is slow fit in. */
const LOOK_BEFORE_MS = 2_500;
/** So long after it the store has removed what was under it. */
const LOOK_AFTER_MS = 1_500;
/** Also where the store does not say how long a lease has still. */
const LOOK_AGAIN_MS = 500;

interface Look {
  readonly leaseId: string;
  readonly leftMs: number;
  readonly endMs: number;
}

/**
 * When a key that nobody holds may be taken, since its last holder believes in it no more. A holder
 * that goes in order leaves the key there, under no lease. A key that is not there has either run
 * out with its lease, which is seen coming, or has vanished too early: an operator removed it, or
 * ended the lease, and a leader of etcd that hung ends leases, when it wakes, that its successor
 * has renewed. The holder hears of that at once, but not where its connection is dead.
 */
export class Vacancy {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  #last: Reading | undefined;
  #notBeforeMs = 0;
  /** The holder's lease, as last looked at, and the earliest time at which it can run out. */
  #looked: Look | undefined;

  /** @param ttlMs the longest that a holder believes without a renewal */
  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /** 0 where it may be taken. */
  get waitMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#clock.monotonicMs());
  }

  /** The lease under which somebody holds the key; undefined where nobody does. */
  get holdersLease(): string | undefined {
    const leaseId = this.#last?.entries[0]?.leaseId;
    return leaseId === NO_LEASE ? undefined : leaseId;
  }

  /** When the holder's lease should be looked at again. */
  get lookInMs(): number {
    const looked = this.#looked;
    if (looked === undefined || looked.leaseId !== this.holdersLease) return LOOK_AGAIN_MS;
    const { leftMs, endMs } = looked;
    // What is neglected is looked at once more in its last second.
    const afterMs = leftMs > 0 ? 0 : LOOK_AFTER_MS;
    const atMs = endMs + (leftMs > NEGLECTED_MS ? -LOOK_BEFORE_MS : afterMs);
    return Math.max(LOOK_AGAIN_MS, atMs - this.#clock.monotonicMs());
  }

  /** What was left of the holder's lease, and when that was asked, in monotonic milliseconds. */
  look(leaseId: string, { leftMs }: Remainder, askedMs: number): void {
    if (leftMs !== undefined) this.#looked = { leaseId, leftMs, endMs: askedMs + leftMs };
  }

  /**
   * @param isOurs whether this node has been certain of the lease until now: nobody else had it
   * @throws Error where the store is another one than before
   */
  note(reading: Reading, isOurs: boolean): void {
    const last = this.#last;
    if (last !== undefined && reading.clusterId !== last.clusterId) {
      throw new Error(
        "etcd is another one than before: name members of one cluster of etcd in --lease; if it " +
          "was set up anew, restart this node",
      );
    }
    // A store that counts back has lost its data: who held it before may be certain of it still.
    if (last !== undefined && reading.revision < last.revision) this.#wait();
    const isGone = reading.entries.length === 0;
    const isNew = last === undefined || last.entries.length > 0;
    if (isGone && isNew && !isOurs && !this.#hasRunOut()) this.#wait();
    this.#last = reading;
  }

  #hasRunOut(): boolean {
    const looked = this.#looked;
    if (looked === undefined || looked.leaseId !== this.holdersLease) return false;
    return looked.leftMs <= NEGLECTED_MS && this.#clock.monotonicMs() >= looked.endMs;
  }

  #wait(): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#clock.monotonicMs() + this.#ttlMs);
  }
}
