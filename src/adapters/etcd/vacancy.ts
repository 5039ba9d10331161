import type { Clock } from "../../platform/clock.ts";
import { NO_LEASE, type Reading, type Remainder } from "./store.ts";

/**
 * A live holder has renewed its lease of 8 s less than 2 s ago. With this little left it has failed
 * to do so at least once.
 */
const NEGLECTED_MS = 3_000;
/** A lease is checked this long before its end: two attempts at a slow store fit in. */
const LOOK_BEFORE_MS = 2_500;
/** This long after the end the store has removed the keys of a lease. */
const LOOK_AFTER_MS = 1_500;
/** Also if the store does not report the remaining time of a lease. */
const LOOK_AGAIN_MS = 500;

interface Look {
  readonly leaseId: string;
  readonly leftMs: number;
  readonly endMs: number;
}

/**
 * Decides when a key that nobody holds may be taken, because its last holder is no longer certain
 * of it. A holder that stops normally leaves the key, without a lease. A missing key has either
 * expired with its lease, which is observed beforehand, or has vanished too early: an operator
 * removed the key or ended the lease, or a leader of etcd that hung ends leases on waking that its
 * successor has renewed. The holder learns of that at once, unless its connection is dead.
 */
export class Vacancy {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  #last: Reading | undefined;
  #notBeforeMs = 0;
  /** The holder's lease, as last checked, and the earliest time at which it can run out. */
  #looked: Look | undefined;

  /** @param ttlMs the longest that a holder is certain without a renewal */
  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /** 0 if it may be taken. */
  get waitMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#clock.monotonicMs());
  }

  /** The lease under which somebody holds the key; undefined if nobody does. */
  get holdersLease(): string | undefined {
    const leaseId = this.#last?.entries[0]?.leaseId;
    return leaseId === NO_LEASE ? undefined : leaseId;
  }

  /** When the holder's lease should be checked again. */
  get lookInMs(): number {
    const looked = this.#looked;
    if (looked === undefined || looked.leaseId !== this.holdersLease) return LOOK_AGAIN_MS;
    const { leftMs, endMs } = looked;
    // A neglected lease is checked once more in its last second.
    const afterMs = leftMs > 0 ? 0 : LOOK_AFTER_MS;
    const atMs = endMs + (leftMs > NEGLECTED_MS ? -LOOK_BEFORE_MS : afterMs);
    return Math.max(LOOK_AGAIN_MS, atMs - this.#clock.monotonicMs());
  }

  /**
   * The remaining time of the holder's lease, and when it was asked for, in monotonic milliseconds.
   */
  look(leaseId: string, { leftMs }: Remainder, askedMs: number): void {
    if (leftMs !== undefined) this.#looked = { leaseId, leftMs, endMs: askedMs + leftMs };
  }

  /**
   * @param isOurs whether this node has been certain of the lease until now: nobody else had it
   * @throws Error if the store is another one than before
   */
  note(reading: Reading, isOurs: boolean): void {
    const last = this.#last;
    if (last !== undefined && reading.clusterId !== last.clusterId) {
      throw new Error(
        "etcd is another one than before: name members of one cluster of etcd in --lease; if it " +
          "was set up anew, restart this node",
      );
    }
    // A store whose revision goes back has lost its data: the previous holder may still be certain.
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
