import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import type { PeerReply, PeerRequest, PeerRoute } from "../cluster/peer-route.ts";
import { FORWARD_PATH } from "../cluster/registry/forwarding.ts";
import { RELAY_PATH, TUNNEL_PATH } from "../cluster/tunnel/messages.ts";
import type { ApiContext } from "./context.ts";
import { type ApiContextOf, type ApiEnv, type ApiMiddleware, isSafe, wireOf } from "./env.ts";
import type { PeerGuard } from "./peer-guard.ts";
import { json, newRouter, refusal } from "./router.ts";
import { openTunnel, tunnelRoute } from "./tunnel-route.ts";

/** The route to which a node relays requests of others. */
const PASSING_ON: ReadonlySet<string> = new Set([FORWARD_PATH, RELAY_PATH("{node_id}")]);

/** Every route of the protocol between nodes. */
export function peerRoutesOf({ cluster, migration, audit }: ApiContext): readonly PeerRoute[] {
  return [...cluster.routes(), ...migration.routes(), ...audit.routes()];
}

/** The protocol between nodes. Each route validates its body. */
export function peerRoutes(
  context: ApiContext,
  { limited, limitedForOthers, identified }: PeerGuard,
): OpenAPIHono<ApiEnv> {
  const routes = newRouter();
  // Reading is free, but a signature takes work to verify, and its request may be passed on.
  const limitedIfSigned: ApiMiddleware = (c, next) =>
    c.req.header("signature") === undefined ? next() : limited(c, next);
  routes.openAPIRegistry.registerPath(tunnelRoute);
  routes.on("GET", [TUNNEL_PATH], limited, ...identified, (c) => openTunnel(context, c));
  for (const route of peerRoutesOf(context)) {
    routes.openAPIRegistry.registerPath(describe(route));
    const ofChange = PASSING_ON.has(route.path) ? limitedForOthers : limited;
    const limit = isSafe(route.method) ? limitedIfSigned : ofChange;
    const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
    routes.on(route.method, [path], limit, ...identified, async (c) =>
      asResponse(await route.handle(asPeerRequest(c))),
    );
  }
  return routes;
}

function asPeerRequest(c: ApiContextOf): PeerRequest {
  return {
    params: c.req.param() as Record<string, string>,
    query: c.req.query(),
    body: c.get("body"),
    signer: c.get("signer"),
    signerKey: c.get("signerKey"),
    controlled: c.get("controlled"),
    remoteAddress: c.env.remoteAddress,
    wire: wireOf(c),
  };
}

function asResponse(reply: PeerReply): Response {
  const type = reply.status < 400 ? "application/json" : "application/problem+json";
  const headers = { "content-type": type, ...reply.headers };
  return new Response(JSON.stringify(reply.body), { status: reply.status, headers });
}

/** The route as OpenAPI has it. */
function describe(route: PeerRoute) {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const params = z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
  return {
    method: route.method.toLowerCase() as "get" | "post" | "delete",
    path: route.path,
    tags: ["nodes"],
    summary: route.summary,
    request: {
      ...(names.length === 0 ? {} : { params }),
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(route.request === undefined ? {} : { body: describeBody(route.request, route.summary) }),
    },
    responses: { [route.status ?? 200]: json(route.response, "The answer"), default: refusal },
  };
}

function describeBody(schema: z.ZodType, summary: string) {
  return { required: !schema.safeParse(undefined).success, ...json(schema, summary) };
}
