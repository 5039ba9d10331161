import { AUDIENCE_HEADER } from "../cluster/identity/http-signature.ts";
import { LIMITS } from "../platform/limits.ts";
import type { ApiContext } from "./context.ts";
import type { ApiMiddleware } from "./env.ts";
import { noteToken } from "./middleware/control-token.ts";
import { jsonBody } from "./middleware/json-body.ts";
import { peerSignature } from "./middleware/peer-signature.ts";
import { rateLimit } from "./middleware/rate-limit.ts";

/**
 * What requests of other nodes go through. One for the whole API, so that what is counted of a node
 * is counted once.
 */
export interface PeerGuard {
  /** So much of one address. */
  readonly limited: ApiMiddleware;
  /** The same, of what nodes ask for others: that must not cost them their own heartbeats. */
  readonly limitedForOthers: ApiMiddleware;
  /** The same, of signed requests under a Host that is not ours. */
  readonly limitedUnderForeignHost: ApiMiddleware;
  /** Reads the body, and notes whose signature it bears, or the token. */
  readonly identified: readonly ApiMiddleware[];
  /** Of what anybody may ask, and nodes ask for others: limits it, and notes who has signed it. */
  readonly forOthers: readonly ApiMiddleware[];
}

export function peerGuard({ clock, cluster, controlToken }: ApiContext): PeerGuard {
  const limiter = () =>
    rateLimit({
      clock,
      requestsPerSecond: LIMITS.peerRequestsPerSecond,
      burst: LIMITS.peerRequestsBurst,
      addressesMax: LIMITS.addressesTrackedMax,
    });
  const ownLimited = limiter();
  const limitedForOthers = limiter();
  const signature = peerSignature({
    verifier: cluster.verifier,
    passOn: (nodeId, request, bearer) => cluster.relays.passOn(nodeId, request, bearer),
  });
  return {
    limited: (c, next) => (c.env.isPassedOn ? limitedForOthers : ownLimited)(c, next),
    limitedForOthers,
    limitedUnderForeignHost: limiter(),
    identified: [
      noteToken({ token: controlToken }),
      jsonBody({
        bytesMax: LIMITS.requestBodyBytesMax,
        // The token is what no foreign page has.
        mayBeForm: (c) => c.get("controlled"),
      }),
      signature,
    ],
    forOthers: [limitedForOthers, signature].map(ifAddressed),
  };
}

/** Of requests that say which node they are meant for. */
export function ifAddressed(then: ApiMiddleware): ApiMiddleware {
  return (c, next) => (c.req.header(AUDIENCE_HEADER) === undefined ? next() : then(c, next));
}
