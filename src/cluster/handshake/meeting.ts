import type { DialTarget } from "../peers/dial-policy.ts";
import type { NodeDocument } from "../wire.ts";

/** A node whose key is proven, with what it says about itself. */
export interface Meeting {
  readonly document: NodeDocument;
  /** Where it answered; undefined if it was the one that dialled. */
  readonly address: DialTarget | undefined;
  readonly defersToUs: boolean;
  readonly weDefer: boolean;
}

export type DialResult<T = Meeting> =
  | { readonly kind: "met"; readonly meeting: T }
  /** The address is this node's own. */
  | { readonly kind: "self" }
  | { readonly kind: "foreign"; readonly cluster: string }
  | DialFailure;

export interface DialFailure {
  readonly kind: "failed";
  readonly reason: string;
  /** Nothing has answered: the node may be starting, or the network may be down. */
  readonly isSilent: boolean;
}

export function failed(reason: string, isSilent = false): DialFailure {
  return { kind: "failed", reason, isSilent };
}
