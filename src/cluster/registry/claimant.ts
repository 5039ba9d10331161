import { z } from "zod";
import { isLoopback } from "../../discovery/addresses.ts";
import type { PeerRequest } from "../peer-route.ts";
import { plainAddress } from "../peers/dial-policy.ts";
import { hostSchema } from "../wire-names.ts";

/** The author of a change to the list of servers, as far as it is proven. */
export interface Claimant {
  /** The node whose key has signed the request itself. */
  readonly signer: string | undefined;
  /** The operator of this node: the request carries the control token. */
  readonly controlled: boolean;
  /** IP from which the request came; reported by `via` if there is one. */
  readonly source: string;
  /** The node that has passed it on, by its own signature. */
  readonly via: string | undefined;
  /** The address of the registered server according to the operator: an IP, or a name. */
  readonly named: string | undefined;
}

const namingSchema = z.object({ host: hostSchema });

/** The author of a request sent to this node itself; `ownHost` is where others dial this node. */
export function directClaimant(request: PeerRequest, ownHost: string): Claimant {
  const { signer, controlled } = request;
  const source = sourceOf(request.remoteAddress, ownHost);
  const host = controlled ? namingSchema.safeParse(request.body).data?.host : undefined;
  const named = host === "localhost" ? ownHost : host && sourceOf(host, ownHost);
  return { signer, controlled, source, via: undefined, named };
}

/**
 * The IP as other nodes would see it: a sender on loopback is on this machine, and the owner of an
 * entry must be the same for the next hub.
 */
export function sourceOf(remoteAddress: string, ownHost: string): string {
  const plain = plainAddress(remoteAddress);
  return isLoopback(plain) ? ownHost : plain;
}
