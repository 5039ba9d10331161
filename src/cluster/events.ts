import type { Address } from "../discovery/backend.ts";
import type { Problem } from "../platform/errors.ts";
import type { Meeting } from "./handshake/meeting.ts";
import type { Peer } from "./peers/peer.ts";
import type { Role } from "./server-record.ts";

/**
 * The events of the cluster, by which its parts inform each other. There is one stream; each part
 * subscribes to the events that it needs.
 */
export type ClusterEvent =
  /** A key was proven: the node was dialled, or has said hello. */
  | { readonly kind: "met"; readonly meeting: Meeting }
  /** A backend or a peer has nominated a node, with addresses that may be dialled. */
  | {
      readonly kind: "sighted";
      readonly nodeId: string;
      readonly addresses: readonly Address[];
    }
  | { readonly kind: "role_changed"; readonly role: Role; readonly before: RoleView }
  /** `left`: the hub has announced that it leaves. `refuses`: nothing listens at its port. */
  | {
      readonly kind: "hub_lost";
      readonly hub: string;
      readonly left: boolean;
      readonly refuses: boolean;
    }
  | { readonly kind: "hub_heard"; readonly hub: string }
  /** The followed node has answered, and reports whether it can dial this node. */
  | {
      readonly kind: "pinged";
      readonly nodeId: string;
      readonly dialable: boolean | null | undefined;
    }
  /** A peer was evicted from the table, or removed. */
  | { readonly kind: "forgotten"; readonly peer: Peer }
  /** Addresses, tanks or status of this node have changed. */
  | { readonly kind: "self_changed"; readonly addressesChanged: boolean }
  /** This data directory is a copy or an old state: the tanks must not run. */
  | { readonly kind: "fenced"; readonly problem: Problem };

/** The hub before the change. */
export interface RoleView {
  readonly role: Role;
  readonly hub: string | undefined;
}

type EventOf<K extends ClusterEvent["kind"]> = Extract<ClusterEvent, { readonly kind: K }>;

/** Typed and synchronous. Listeners are called in the order of their subscription. */
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
