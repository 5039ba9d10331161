import type { Cluster } from "../../cluster/cluster.ts";
import {
  CROWDED,
  type RequestParts,
  type Verdict,
  type Verifier,
  verifyRequest,
} from "../../cluster/identity/signature.ts";
import type { WireRequest } from "../../cluster/peer-route.ts";
import type { Bearer } from "../../cluster/tunnel/incoming-tunnels.ts";
import type { RelayedReply } from "../../cluster/tunnel/messages.ts";
import { shareKey } from "../../discovery/addresses.ts";
import { Problem } from "../../platform/errors.ts";
import { type ApiContextOf, type ApiMiddleware, isSafe, pathAndQuery } from "../env.ts";
import { foreignHost } from "./host-check.ts";

export interface PeerSignatureOptions {
  readonly verifier: Verifier;
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
export function peerSignature({ verifier, passOn }: PeerSignatureOptions): ApiMiddleware {
  return async function peerSignature(c, next): Promise<Response | undefined> {
    // The host check has asked already: a nonce is good once.
    if (c.get("signer") !== undefined) {
      await next();
      return undefined;
    }
    const parts = partsOf(c, c.get("bodyText"));
    const verdict = verdictOn(c, parts, verifier);
    if (verdict.kind === "misdirected") {
      const bearer = { signer: undefined, remoteAddress: c.env.remoteAddress };
      const request = { ...parts, headers: c.req.header() };
      const reply = await passOn(verdict.audience, request, bearer);
      if (reply) return new Response(reply.body, reply);
      const meant = `the request is meant for ${verdict.audience}, this is ${verifier.nodeId}`;
      throw new Problem("bad_signature", meant);
    }
    const signer = verdict.kind === "signed" ? verdict.nodeId : undefined;
    if (c.get("mustBeSigned") && signer === undefined) throw foreignHost(parts.authority);
    c.set("signer", signer);
    c.set("signerKey", verdict.kind === "signed" ? verdict.publicKey : undefined);
    await next();
    return undefined;
  };
}

/**
 * Whether a request that changes nothing is signed by a node of the list, noted in `signer`. That
 * tells it from a page, which can make a key of its own, and cannot get it listed.
 * @throws Problem `bad_signature`, after which a node shakes hands and asks again
 */
export function readsAsPeer(cluster: Cluster): (c: ApiContextOf) => boolean {
  return (c) => {
    if (!isSafe(c.req.method)) return false;
    const verdict = verdictOn(c, partsOf(c, ""), cluster.verifier);
    if (verdict.kind !== "signed") return false;
    const { nodeId, publicKey } = verdict;
    const server = cluster.server(nodeId);
    if (server?.node_id !== nodeId || !server.signed || !server.member) return false;
    c.set("signer", nodeId);
    c.set("signerKey", publicKey);
    return true;
  };
}

/** @throws Problem `bad_signature`; `too_many` where there is no room to remember the signer */
function verdictOn(
  c: ApiContextOf,
  parts: RequestParts,
  verifier: Verifier,
): Exclude<Verdict, { kind: "bad" | "crowded" }> {
  const source = shareKey(c.env.remoteAddress);
  const verdict = verifyRequest(parts, c.req.header(), verifier, source);
  if (verdict.kind === "crowded") throw new Problem("too_many", CROWDED);
  if (verdict.kind === "bad") throw new Problem("bad_signature", verdict.reason);
  return verdict;
}

function partsOf(c: ApiContextOf, body: string): RequestParts {
  const { method, url } = c.req;
  return { method, authority: c.req.header("host") ?? "", path: pathAndQuery(url), body };
}
