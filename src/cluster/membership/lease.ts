import type { Instant } from "./certainty.ts";

/**
 * The state of the one lease of a cluster in a store (`--lease`). The holder is the hub; the store
 * decides, not the nodes.
 */
export type LeaseState =
  /** This node holds it. */
  | {
      readonly kind: "held";
      /**
       * Until when that is certain, by both clocks of this node: the lease's duration, counted from
       * before the request that last renewed it was sent, less a margin for clock drift.
       */
      readonly until: Instant;
    }
  /** Another node holds it. */
  | { readonly kind: "taken"; readonly holder: string }
  /** Nobody holds it. */
  | { readonly kind: "free" }
  /** The store does not answer, or its answer is not credible; one line for people. */
  | { readonly kind: "unknown"; readonly reason: string };

/**
 * The lease of a cluster in an external store. A failing store is retried, and never stops the
 * node.
 */
export interface HubLease {
  /** As given, without credentials: members compare it. */
  readonly url: string;
  /**
   * Follows the lease from now on. Reports each change, and each renewal of a held lease.
   * @param nodeId the holder's name for this node
   */
  start(nodeId: string, onState: (state: LeaseState) => void): void;
  /** Whether this node should hold it: acquires the lease when it is free, or gives it back. */
  want(isWanted: boolean): void;
  /** Gives it back and ends; within a second, whatever the store does. */
  stop(): Promise<void>;
}
