import { z } from "zod";
import type { Order } from "../cluster/admission/orders.ts";
import { answeredBy, RELAYED_BY } from "../cluster/answered-by.ts";
import type { PeerReply } from "../cluster/peer-route.ts";
import { problemCodeOf } from "../cluster/problem-code.ts";
import { Problem } from "../platform/errors.ts";
import type { ApiContext } from "./context.ts";
import { type ApiContextOf, type ApiMiddleware, pathAndQuery } from "./env.ts";
import { whereIs } from "./whereabouts.ts";

/**
 * Lets the node that hosts a tank do what is ordered of it here, under a common cluster secret.
 * Without one the routes say themselves where the tank is.
 */
export function atItsHost(context: ApiContext): ApiMiddleware {
  const { tanks, cluster } = context;
  return async function atItsHost(c, next) {
    const asked = c.req.param("tank_id");
    const isHere = asked === undefined || tanks.get(asked) !== undefined;
    if (isHere || c.env.orderedBy !== undefined || !cluster.orders.mayGive) return next();
    const place = whereIs(context, asked);
    if (place === undefined || place.is_local) return next();
    const path = pathAndQuery(c.req.url).replace(
      /^\/api\/tanks\/[^/?]*/,
      `/api/tanks/${encodeURIComponent(place.tank.tank_id)}`,
    );
    const order = { ...orderOf(c), path };
    const { reply, nodeId } = await following(cluster, place.node_id, (id) =>
      cluster.orders.give(id, order),
    );
    return asResponse(reply, nodeId, cluster);
  };
}

/** Lets the server that the field `server` of the body names do it, under the same condition. */
export function atItsServer({ cluster }: ApiContext, server: string): ApiMiddleware {
  return async function atItsServer(c, next) {
    const order = orderOf(c);
    const named = order.body?.[server];
    const nodeId = typeof named === "string" ? cluster.server(named)?.node_id : undefined;
    const isOther = nodeId && nodeId !== cluster.nodeId;
    if (!isOther || c.env.orderedBy !== undefined || !cluster.orders.mayGive) return next();
    const body = { ...order.body, [server]: nodeId };
    return asResponse(await cluster.orders.give(nodeId, { ...order, body }), nodeId, cluster);
  };
}

/** The request as an order to another node. */
export function orderOf(c: ApiContextOf): Order {
  const key = c.req.header("idempotency-key");
  return {
    method: c.req.method as Order["method"],
    path: pathAndQuery(c.req.url),
    body: (c.get("body") ?? {}) as Record<string, unknown>,
    ...(key === undefined ? {} : { idempotency_key: key }),
  };
}

const movedSchema = z.object({ node_id: z.string() });

/** What a node answers about a tank: of a former owner's what the node that it names answers. */
export async function following(
  { nodeId: self }: Pick<ApiContext["cluster"], "nodeId">,
  nodeId: string,
  ask: (nodeId: string) => Promise<PeerReply>,
): Promise<{ readonly reply: PeerReply; readonly nodeId: string }> {
  const reply = await ask(nodeId);
  if (problemCodeOf(reply) !== "moved") return { reply, nodeId };
  const next = movedSchema.safeParse(reply.body).data?.node_id;
  const isThird = next !== undefined && next !== nodeId && next !== self;
  return isThird ? { reply: await ask(next), nodeId: next } : { reply, nodeId };
}

/** The answer of the node that was ordered. */
export function asResponse(
  { status, body, headers: told }: PeerReply,
  nodeId: string,
  cluster: ApiContext["cluster"],
): Response {
  const again = told?.["retry-after"];
  const headers = {
    "content-type": status < 400 ? "application/json" : "application/problem+json",
    ...(again === undefined ? {} : { "retry-after": again }),
    ...answeredBy("owner", nodeId),
    [RELAYED_BY]: cluster.nodeId,
  };
  return new Response(JSON.stringify(body), { status, headers });
}

const refusalSchema = z.object({ detail: z.string() });

/** The body of an answer. @throws Problem, the other node's own where it has refused */
export function readReply<T>(schema: z.ZodType<T>, reply: PeerReply): T {
  const parsed = reply.status < 300 ? schema.safeParse(reply.body) : undefined;
  if (parsed?.success) return parsed.data;
  const detail = refusalSchema.safeParse(reply.body).data?.detail;
  throw new Problem(
    problemCodeOf(reply) ?? "unreachable",
    detail ?? `The other node's answer has another form (status ${reply.status})`,
  );
}
