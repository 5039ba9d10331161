import type { Address } from "../discovery/backend.ts";
import type { Problem } from "../platform/errors.ts";
import type { Meeting } from "./handshake/meeting.ts";
import type { Peer } from "./peers/peer.ts";
import type { Role } from "./server-record.ts";

/**
 * What happens in the cluster, as its parts tell each other. One stream; whoever needs an event
 * reads it.
 */
export type ClusterEvent =
  /** A key has proven itself: the node was dialled, or has said hello. */
  | { readonly kind: "met"; readonly meeting: Meeting }
  /** A backend or a peer has named a node, and addresses of it that may be dialled. */
  | {
      readonly kind: "sighted";
      readonly nodeId: string;
      readonly addresses: readonly Address[];
    }
  | { readonly kind: "role_changed"; readonly role: Role; readonly before: RoleView }
  /** `left`: the hub has said so itself. `refuses`: nobody listens at its port. */
  | {
      readonly kind: "hub_lost";
      readonly hub: string;
      readonly left: boolean;
      readonly refuses: boolean;
    }
  | { readonly kind: "hub_heard"; readonly hub: string }
  /** The node that we follow has answered, and says whether it can dial us. */
  | {
      readonly kind: "pinged";
      readonly nodeId: string;
      readonly dialable: boolean | null | undefined;
    }
  /** The table had no more room for a peer, or it was let go. */
  | { readonly kind: "forgotten"; readonly peer: Peer }
  /** Own addresses, tanks or status have changed. */
  | { readonly kind: "self_changed"; readonly addressesChanged: boolean }
  /** This data directory is a copy or an old state: the tanks must not run. */
  | { readonly kind: "fenced"; readonly problem: Problem };

/** The hub before a change. */
export interface RoleView {
  readonly role: Role;
  readonly hub: string | undefined;
}

type EventOf<K extends ClusterEvent["kind"]> = Extract<ClusterEvent, { readonly kind: K }>;

/** Typed, synchronous, in the order of subscription. */
export class ClusterEvents {
  readonly #listeners: ((event: ClusterEvent) => void)[] = [];

  on<K extends ClusterEvent["kind"]>(kind: K, listener: (event: EventOf<K>) => void): void {
    this.#listeners.push((event) => {
      if (isOf(event, kind)) listener(event);
    });
  }

  emit(event: ClusterEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function isOf<K extends ClusterEvent["kind"]>(event: ClusterEvent, kind: K): event is EventOf<K> {
  return event.kind === kind;
}
