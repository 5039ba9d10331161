import type { Instant } from "./certainty.ts";

/**
 * What a store says of the one lease of a cluster (`--lease`). Whoever holds it is the hub; the
 * store decides, and not the nodes.
 */
export type LeaseState =
  /** This node holds it. */
  | {
      readonly kind: "held";
      /**
       * Until when that is certain, by both clocks of this node: the lease's time, counted from
       * before the request that last renewed it was sent, less a margin for clocks that run apart.
       */
      readonly until: Instant;
    }
  /** Another node holds it. */
  | { readonly kind: "taken"; readonly holder: string }
  /** Nobody does. */
  | { readonly kind: "free" }
  /** The store does not answer, or not so that it can be believed; one line for people. */
  | { readonly kind: "unknown"; readonly reason: string };

/** The lease of a cluster in a store outside. One that fails is tried again, never fatal. */
export interface HubLease {
  /** As it was given, without credentials: members show it to each other. */
  readonly url: string;
  /**
   * Follows the lease from now on and tells each change, and each renewal of one that is held.
   * @param nodeId under which this node holds it
   */
  start(nodeId: string, onState: (state: LeaseState) => void): void;
  /** Whether this node should hold it: acquires it when it is free, or gives it back. */
  want(isWanted: boolean): void;
  /** Gives it back and ends; within a second, whatever the store does. */
  stop(): Promise<void>;
}
