import { CROWDED, createVerifier, verifyRequest } from "../../cluster/identity/signature.ts";
import type { WireRequest } from "../../cluster/peer-route.ts";
import type { Bearer } from "../../cluster/tunnel/incoming-tunnels.ts";
import type { RelayedReply } from "../../cluster/tunnel/messages.ts";
import { shareKey } from "../../discovery/addresses.ts";
import type { Clock } from "../../platform/clock.ts";
import { Problem } from "../../platform/errors.ts";
import { type ApiMiddleware, pathAndQuery } from "../env.ts";
import { foreignHost } from "./host-check.ts";

export interface PeerSignatureOptions {
  /** This node's id: requests that are signed for another one are refused. */
  readonly nodeId: string;
  readonly clock: Clock;
  readonly isKnown: (nodeId: string) => boolean;
  /**
   * Passes a request on to the node that it is signed for: a balancer has brought it here.
   * Undefined where no such node is known.
   */
  readonly passOn: (
    nodeId: string,
    request: WireRequest,
    bearer: Bearer,
  ) => Promise<RelayedReply | undefined>;
}

/**
 * Notes in `signer` whose key signed the request, if any; a signature that does not verify is a
 * 401. Runs after the body was read, which the signature covers. A request that the host check let
 * through for its signature alone is refused without one.
 */
export function peerSignature(options: PeerSignatureOptions): ApiMiddleware {
  const verifier = createVerifier(options.nodeId, options.clock, options.isKnown);
  return async function peerSignature(c, next): Promise<Response | undefined> {
    const parts = {
      method: c.req.method,
      authority: c.req.header("host") ?? "",
      path: pathAndQuery(c.req.url),
      body: c.get("bodyText"),
    };
    const source = shareKey(c.env.remoteAddress);
    const verdict = verifyRequest(parts, c.req.header(), verifier, source);
    if (verdict.kind === "crowded") throw new Problem("too_many", CROWDED);
    if (verdict.kind === "misdirected") {
      const bearer = { signer: undefined, remoteAddress: c.env.remoteAddress };
      const request = { ...parts, headers: c.req.header() };
      const reply = await options.passOn(verdict.audience, request, bearer);
      if (reply) return new Response(reply.body, reply);
      const meant = `the request is meant for ${verdict.audience}, this is ${options.nodeId}`;
      throw new Problem("bad_signature", meant);
    }
    if (verdict.kind === "bad") throw new Problem("bad_signature", verdict.reason);
    const signer = verdict.kind === "signed" ? verdict.nodeId : undefined;
    if (c.get("mustBeSigned") && signer === undefined) throw foreignHost(parts.authority);
    c.set("signer", signer);
    c.set("signerKey", verdict.kind === "signed" ? verdict.publicKey : undefined);
    await next();
    return undefined;
  };
}
