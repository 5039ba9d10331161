import type { Address } from "../../discovery/backend.ts";
import type { ClusterDeps } from "../deps.ts";
import { isReady } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { FOLLOW_RENEW_MS, type FollowStatement, stateFollow } from "./follow-statement.ts";

export interface FollowWordDeps {
  readonly deps: Pick<ClusterDeps, "identity" | "clock">;
  readonly table: PeerTable;
  /** Where this node is told to be reached, best first. */
  readonly addresses: () => readonly Address[];
}

/**
 * A worker's signed word that it follows its hub: said until the hub has noted it, and anew every
 * minute.
 */
export class FollowWord {
  readonly #with: FollowWordDeps;
  /** As the open ping carries it. */
  #said: FollowStatement | undefined;
  #notedMs = Number.NEGATIVE_INFINITY;

  constructor(withDeps: FollowWordDeps) {
    this.#with = withDeps;
  }

  reset(): void {
    this.#notedMs = Number.NEGATIVE_INFINITY;
  }

  /** For the next ping, when it is due. */
  next(hub: string): FollowStatement | undefined {
    const { deps, table, addresses } = this.#with;
    const { clock, identity } = deps;
    this.#said = undefined;
    if (clock.monotonicMs() - this.#notedMs < FOLLOW_RENEW_MS) return undefined;
    const peer = table.get(hub);
    const [dialled] = peer?.addresses ?? [];
    const [from] = addresses();
    if (!isReady(peer) || !dialled || !from) return undefined;
    this.#said = stateFollow(identity, {
      hub,
      dialled: { host: dialled.host, port: dialled.port },
      from,
      at_ms: Math.max(0, clock.wallMs() + peer.key.clockOffsetMs),
    });
    return this.#said;
  }

  /** The ping was answered. A hub notes the word of those that it lists. */
  answered(isListed: boolean): void {
    if (!isListed) this.reset();
    else if (this.#said) this.#notedMs = this.#with.deps.clock.monotonicMs();
  }
}
