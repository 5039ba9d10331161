import type { EtcdStore } from "./store.ts";

/**
 * How long a node that is gone stays in etcd; after a change of etcd's leader twice as long. A
 * shorter outage of etcd has no effect.
 */
const TTL_SECONDS = 30;
/** A third of it, so that two renewals may fail. */
export const KEEP_MS = 10_000;
/** The longest that a stopping node waits for the removal of its key. */
const FAREWELL_MS = 1_000;

/** This node's announcement: one key, under a lease that ends with the node. */
export class Presence {
  readonly #store: EtcdStore;
  readonly #key: string;
  #lease: string | undefined;

  constructor(store: EtcdStore, key: string) {
    this.#store = store;
    this.#key = key;
  }

  /** Renews the lease, and restores the key if it is missing or different. */
  async keep(value: string, signal: AbortSignal): Promise<void> {
    const store = this.#store;
    if (this.#lease !== undefined) {
      const { ttlMs } = await store.keepAlive(this.#lease, signal);
      if (ttlMs === 0) this.#lease = undefined;
    }
    this.#lease ??= (await store.grant(TTL_SECONDS, signal)).leaseId;
    // Somebody may have removed it, or a copy of this node may have put its own there.
    const [found] = (await store.read({ key: this.#key }, 0n, signal)).entries;
    if (found?.value === value && found.leaseId === this.#lease) return;
    await store.put({ key: this.#key, value, lease: this.#lease }, signal);
  }

  /** Removes the key. Never rejects: without etcd the key ends with its lease. */
  async withdraw(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease === undefined) return;
    await this.#store.revoke(lease, AbortSignal.timeout(FAREWELL_MS)).catch(() => {});
  }
}
