import type { DialTarget } from "../peers/dial-policy.ts";
import type { NodeDocument } from "../wire.ts";

/** A node whose key has proven itself to us, with what it says of itself. */
export interface Meeting {
  readonly document: NodeDocument;
  /** Where it answered; undefined when it was the other who dialled. */
  readonly address: DialTarget | undefined;
  readonly defersToUs: boolean;
  readonly weDefer: boolean;
}

export type DialResult<T = Meeting> =
  | { readonly kind: "met"; readonly meeting: T }
  /** The address is our own. */
  | { readonly kind: "self" }
  | { readonly kind: "foreign"; readonly cluster: string }
  | DialFailure;

export interface DialFailure {
  readonly kind: "failed";
  readonly reason: string;
  /** Nobody has answered: it may be starting, or the network may be down. */
  readonly isSilent: boolean;
}

export function failed(reason: string, isSilent = false): DialFailure {
  return { kind: "failed", reason, isSilent };
}
