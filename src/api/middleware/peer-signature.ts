import type { Cluster } from "../../cluster/cluster.ts";
import { CROWDED, createVerifier, verifyRequest } from "../../cluster/identity/signature.ts";
import { shareKey } from "../../discovery/addresses.ts";
import type { Clock } from "../../platform/clock.ts";
import { Problem } from "../../platform/errors.ts";
import { type ApiMiddleware, wireOf } from "../env.ts";
import { foreignHost } from "./host-check.ts";

export interface PeerSignatureOptions {
  readonly clock: Clock;
  /**
   * Says who this node is, and passes on what is signed for another one: a balancer has brought it
   * here.
   */
  readonly cluster: Pick<Cluster, "nodeId" | "isKnown" | "clockOffsetMs"> & {
    readonly relays: Pick<Cluster["relays"], "passOn">;
  };
}

/**
 * Notes in `signer` whose key signed the request, if any; a signature that does not verify is a
 * 401. Runs after the body was read, which the signature covers. A request that the host check let
 * through for its signature alone is refused without one.
 */
export function peerSignature({ clock, cluster }: PeerSignatureOptions): ApiMiddleware {
  const verifier = createVerifier(cluster.nodeId, clock, cluster);
  return async function peerSignature(c, next): Promise<Response | undefined> {
    const wire = wireOf(c);
    const { remoteAddress, isPassedOn = false } = c.env;
    const verdict = verifyRequest(wire, wire.headers, verifier, shareKey(remoteAddress));
    if (verdict.kind === "crowded") throw new Problem("too_many", CROWDED);
    if (verdict.kind === "misdirected") {
      const bearer = { signer: undefined, remoteAddress, isPassedOn };
      const reply = await cluster.relays.passOn(verdict.audience, wire, bearer);
      if (reply) return new Response(reply.body, reply);
      const meant = `the request is meant for ${verdict.audience}, this is ${cluster.nodeId}`;
      throw new Problem("bad_signature", meant);
    }
    if (verdict.kind === "bad") throw new Problem("bad_signature", verdict.reason);
    const signer = verdict.kind === "signed" ? verdict.nodeId : undefined;
    if (c.get("mustBeSigned") && signer === undefined) throw foreignHost(wire.authority);
    c.set("signer", signer);
    c.set("signerKey", verdict.kind === "signed" ? verdict.publicKey : undefined);
    await next();
    return undefined;
  };
}
