import { z } from "zod";
import { isLoopback } from "../../discovery/addresses.ts";
import type { PeerRequest } from "../peer-route.ts";
import { plainAddress } from "../peers/dial-policy.ts";
import { hostSchema } from "../wire-names.ts";

/** The author of a change to the list of servers, by what is proven of it. */
export interface Claimant {
  /** The node whose key has signed the request itself. */
  readonly signer: string | undefined;
  /** The operator of this node: the control token came along. */
  readonly controlled: boolean;
  /** IP from which the request came; what `via` says where there is one. */
  readonly source: string;
  /** The node that has passed it on, by its own signature. */
  readonly via: string | undefined;
  /** Where the operator says that the server is which he registers: an IP, or a name. */
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
 * The IP as other nodes would see it: who speaks by loopback is on this machine, and the owner of
 * an entry must read the same on the node that leads next.
 */
export function sourceOf(remoteAddress: string, ownHost: string): string {
  const plain = plainAddress(remoteAddress);
  return isLoopback(plain) ? ownHost : plain;
}
