import type { Cluster } from "../../cluster/cluster.ts";
import { type ApiMiddleware, wireOf } from "../env.ts";
import { ifAddressed, type PeerGuard } from "../peer-guard.ts";

/**
 * What another node reads here for somebody who asks it, and has signed: answered with this node's
 * proof, since any node would answer that. What has come through another node is proven there.
 */
export function provenReads(
  relays: Pick<Cluster["relays"], "answer">,
  { forOthers }: PeerGuard,
): readonly ApiMiddleware[] {
  const answer: ApiMiddleware = async (c, next) => {
    const { signer } = c.var;
    if (signer === undefined || c.req.method !== "GET") return next();
    const reply = await relays.answer(wireOf(c), c.env.remoteAddress);
    return new Response(reply.body, reply);
  };
  const ifDirect =
    (one: ApiMiddleware): ApiMiddleware =>
    (c, next) =>
      c.env.isPassedOn ? next() : one(c, next);
  return [...forOthers, ifAddressed(answer)].map(ifDirect);
}
