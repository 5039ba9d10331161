import type { Cluster } from "../../cluster/cluster.ts";
import {
  CROWDED,
  type Verdict,
  type Verifier,
  verifyRequest,
} from "../../cluster/identity/signature.ts";
import type { WireRequest } from "../../cluster/peer-route.ts";
import { shareKey } from "../../discovery/addresses.ts";
import { Problem } from "../../platform/errors.ts";
import { type ApiContextOf, type ApiMiddleware, isSafe, wireOf } from "../env.ts";
import { foreignHost } from "./host-check.ts";

export interface PeerSignatureOptions {
  readonly verifier: Verifier;
  /**
   * Passes a request on to the node that it is signed for: a balancer has brought it here.
   * Undefined where no such node is known.
   */
  readonly passOn: Cluster["relays"]["passOn"];
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
    const wire = wireOf(c);
    const verdict = verdictOf(c, wire, verifier);
    if (verdict.kind === "misdirected") {
      const { remoteAddress, isPassedOn = false } = c.env;
      const bearer = { signer: undefined, remoteAddress, isPassedOn };
      const reply = await passOn(verdict.audience, wire, bearer);
      if (reply) return new Response(reply.body, reply);
      const meant = `the request is meant for ${verdict.audience}, this is ${verifier.nodeId}`;
      throw new Problem("bad_signature", meant);
    }
    const signer = verdict.kind === "signed" ? verdict.nodeId : undefined;
    if (c.get("mustBeSigned") && signer === undefined) throw foreignHost(wire.authority);
    c.set("signer", signer);
    c.set("signerKey", verdict.kind === "signed" ? verdict.publicKey : undefined);
    await next();
    return undefined;
  };
}

/**
 * Whether a request that changes nothing is signed by a node of the list, noted in `signer`. That
 * tells it from a page, which can make a key of its own, and cannot get it listed.
 * @param limited so much of one address, before a signature is verified, which takes 0.1 ms
 * @throws Problem `bad_signature`, after which a node shakes hands and asks again; `too_many`
 */
export function readsAsPeer(
  cluster: Cluster,
  limited: ApiMiddleware,
): (c: ApiContextOf) => Promise<boolean> {
  return async (c) => {
    const isSigned = c.req.header("signature") ?? c.req.header("signature-input");
    if (!isSafe(c.req.method) || isSigned === undefined) return false;
    await limited(c, async () => {});
    const verdict = verdictOf(c, wireOf(c), cluster.verifier);
    if (verdict.kind === "unsigned") return false;
    const { nodeId } = verdict;
    const server = cluster.server(nodeId);
    if (server?.node_id !== nodeId || !server.signed || !server.member) return false;
    // What is for another node is passed on there.
    if (verdict.kind === "misdirected") return true;
    c.set("signer", nodeId);
    c.set("signerKey", verdict.publicKey);
    return true;
  };
}

/** @throws Problem `bad_signature`; `too_many` where there is no room to remember the signer. */
function verdictOf(
  c: ApiContextOf,
  wire: WireRequest,
  verifier: Verifier,
): Exclude<Verdict, { readonly kind: "bad" | "crowded" }> {
  const source = shareKey(c.env.remoteAddress);
  const verdict = verifyRequest(wire, wire.headers, verifier, source);
  if (verdict.kind === "crowded") throw new Problem("too_many", CROWDED);
  if (verdict.kind === "bad") throw new Problem("bad_signature", verdict.reason);
  return verdict;
}
