import type { Address } from "../../discovery/backend.ts";
import type { ClusterDeps } from "../deps.ts";
import { isReady } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { FOLLOW_RENEW_MS, type FollowStatement, stateFollow } from "./follow-statement.ts";

export interface FollowWordDeps {
  readonly deps: Pick<ClusterDeps, "identity" | "clock">;
  readonly table: PeerTable;
  /** The addresses at which this node announces that it can be reached, best first. */
  readonly addresses: () => readonly Address[];
}

/**
 * A worker's signed statement that it follows its hub: sent until the hub has recorded it, and
 * again every minute.
 */
export class FollowWord {
  readonly #with: FollowWordDeps;
  /** The statement in the open ping. */
  #said: FollowStatement | undefined;
  #notedMs = Number.NEGATIVE_INFINITY;

  constructor(withDeps: FollowWordDeps) {
    this.#with = withDeps;
  }

  reset(): void {
    this.#notedMs = Number.NEGATIVE_INFINITY;
  }

  /** The statement for the next ping, when it is due. */
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

  /** The ping was answered. A hub records the statements of those that it lists. */
  answered(isListed: boolean): void {
    if (!isListed) this.reset();
    else if (this.#said) this.#notedMs = this.#with.deps.clock.monotonicMs();
  }
}
