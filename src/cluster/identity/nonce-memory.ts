import { LIMITS } from "../../platform/limits.ts";

interface KeyMemory {
  /** Nonce → created, oldest first. */
  readonly nonces: Map<string, number>;
  /** Requests created at or before this second are refused: their nonces were forgotten. */
  forgottenUntil: number;
}

/** 200 requests a second (LIMITS.peerRequestsPerSecond) for a minute and a half. */
const NONCES_PER_NODE_MAX = 16_384;

/**
 * Remembers which nonces each node has used, in bounded memory that never lets a replay pass: when
 * a node's memory is full its oldest nonces go, and with them every request as old as they were.
 * Whole nodes are forgotten least recently used first; a node that speaks is never that one.
 */
export class NonceMemory {
  readonly #nodes = new Map<string, KeyMemory>();

  /**
   * Whether this is the first use. `created` and `oldest`, before which the caller refuses
   * everything anyway, are in seconds.
   */
  admit(nodeId: string, nonce: string, created: number, oldest: number): boolean {
    const memory = this.#nodes.get(nodeId) ?? { nonces: new Map(), forgottenUntil: 0 };
    this.#nodes.delete(nodeId);
    this.#nodes.set(nodeId, memory);
    const leastRecent = this.#nodes.keys().next().value;
    if (this.#nodes.size > LIMITS.serversMax && leastRecent !== undefined) {
      this.#nodes.delete(leastRecent);
    }
    if (created <= memory.forgottenUntil || memory.nonces.has(nonce)) return false;
    memory.nonces.set(nonce, created);
    forget(memory, oldest);
    return true;
  }
}

/**
 * What lies outside the window is refused by its age and need not be remembered; only what goes for
 * want of room moves the bar. So a clock that is set back does not lock a node out.
 */
function forget(memory: KeyMemory, oldest: number): void {
  for (const [nonce, created] of memory.nonces) {
    const full = memory.nonces.size > NONCES_PER_NODE_MAX;
    if (created >= oldest && !full) return;
    memory.nonces.delete(nonce);
    if (full) memory.forgottenUntil = Math.max(memory.forgottenUntil, created);
  }
}
