import type { Clock } from "../../platform/clock.ts";

/** A packet comes back at once; the rest is for a process that gets no processor time. */
const ECHO_KEPT_MS = 2_000;
/**
 * A response with the same bytes contains nothing new for this long: the same by IPv6, and the
 * second of two announcements. Short compared with every TTL.
 */
const RESPONSE_KEPT_MS = 5_000;
const PACKETS_KEPT_MAX = 256;

/**
 * This node's own multicast packets, which the system loops back for other processes of this
 * machine. Each is removed once: a second one with the same bytes comes from another process.
 */
export class Echoes {
  readonly #clock: Clock;
  #sent: { readonly hash: bigint; readonly atMs: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(bytes: Uint8Array): void {
    const nowMs = this.#clock.monotonicMs();
    this.#sent = this.#sent
      .filter(({ atMs }) => nowMs - atMs < ECHO_KEPT_MS)
      .slice(-PACKETS_KEPT_MAX);
    this.#sent.push({ hash: hashOf(bytes), atMs: nowMs });
  }

  take(bytes: Uint8Array): boolean {
    if (this.#sent.length === 0) return false;
    const hash = hashOf(bytes);
    const at = this.#sent.findIndex((one) => one.hash === hash);
    if (at !== -1) this.#sent.splice(at, 1);
    return at !== -1;
  }
}

/** Packets that were read within the last seconds, until one contradicts them. */
export class RecentPackets {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #readMs = new Map<bigint, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(bytes: Uint8Array): boolean {
    const readMs = this.#readMs.get(hashOf(bytes));
    return readMs !== undefined && this.#clock.monotonicMs() - readMs < RESPONSE_KEPT_MS;
  }

  add(bytes: Uint8Array): void {
    const hash = hashOf(bytes);
    this.#readMs.delete(hash);
    this.#readMs.set(hash, this.#clock.monotonicMs());
    const [oldest] = this.#readMs.keys();
    if (this.#readMs.size > PACKETS_KEPT_MAX && oldest !== undefined) this.#readMs.delete(oldest);
  }

  clear(): void {
    this.#readMs.clear();
  }
}

function hashOf(bytes: Uint8Array): bigint {
  return BigInt(Bun.hash(bytes));
}
