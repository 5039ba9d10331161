import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { answeredBy, RELAYED_BY } from "../cluster/answered-by.ts";
import { AUDIENCE_HEADER } from "../cluster/identity/http-signature.ts";
import {
  type AnnouncedTank,
  announcedTankSchema,
  type ServerRecord,
  serverRecordSchema,
} from "../cluster/server-record.ts";
import type { ApiContext } from "./context.ts";
import { type ApiContextOf, type ApiEnv, pathAndQuery } from "./env.ts";
import { following } from "./orders.ts";
import { json, newRouter, refusal, tankParameter } from "./router.ts";
import { unknownTank } from "./tank-view.ts";
import { allTanks, whereIs } from "./whereabouts.ts";

const entrySchema = z.object({
  tank: announcedTankSchema.extend({ server_id: z.string() }),
  server: serverRecordSchema,
  websocket_url: z.string().describe("Where the tank can be watched"),
});

const tags = ["gateway"];

const list = createRoute({
  method: "get",
  path: "/gateway/tanks",
  tags,
  summary: "Every tank of the cluster that its host has named, with the host",
  responses: {
    200: json(z.object({ tanks: z.array(entrySchema), count: z.number().int() }), "The directory"),
    default: refusal,
  },
});

const show = createRoute({
  method: "get",
  path: "/gateway/tanks/{tank_id}",
  tags,
  summary: "One tank of the cluster, by id, alias, SERVER::TANK or a name that only one has",
  request: { params: z.object({ tank_id: tankParameter }) },
  responses: { 200: json(entrySchema, "The tank and its host"), default: refusal },
});

/** A tank of a node that cannot be dialled is watched through this one, where it was asked. */
function entry(
  tank: AnnouncedTank,
  server: ServerRecord,
  c: ApiContextOf,
): z.infer<typeof entrySchema> {
  const askedAt = c.req.header("host");
  const isNear = server.reachable || askedAt === undefined;
  const here = `${c.env.scheme ?? "http"}://${askedAt}`;
  const place = (isNear ? server.api_url : here).replace(/^http/, "ws");
  return {
    tank: { ...tank, server_id: server.server_id },
    server,
    websocket_url: `${place}/ws/${encodeURIComponent(tank.tank_id)}`,
  };
}

/** Behind `/gateway`: a tank, what there is of it, and one of those. */
const PASSED_ON: readonly string[] = [
  "/api/tanks/{tank_id}",
  "/api/tanks/{tank_id}/{part}",
  "/api/tanks/{tank_id}/{part}/{id}",
];

function describePassed(path: string) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const shapes = names.map((name) => [name, name === "tank_id" ? tankParameter : z.string()]);
  return {
    method: "get" as const,
    path: `/gateway${path}`,
    tags,
    summary: `What GET ${path} says on the node that hosts the tank`,
    request: { params: z.object(Object.fromEntries(shapes)) },
    responses: { 200: { description: "The host's answer" }, default: refusal },
  };
}

/**
 * The directory of tanks across the nodes, and their answers.
 * @param serve answers a request to this node itself
 */
export function gatewayRoutes(
  context: ApiContext,
  serve: (request: Request, bindings: ApiEnv["Bindings"]) => Response | Promise<Response>,
): OpenAPIHono<ApiEnv> {
  const { cluster } = context;
  const routes = newRouter();
  const answer = async (c: ApiContextOf): Promise<Response> => {
    const asked = c.req.param("tank_id") ?? "";
    const place = whereIs(context, asked);
    if (place === undefined) throw unknownTank(asked);
    const path = pathAndQuery(c.req.url).replace(
      /^\/gateway\/api\/tanks\/[^/?]*/,
      `/api/tanks/${encodeURIComponent(place.tank.tank_id)}`,
    );
    const who = answeredBy("owner", place.node_id);
    if (place.is_local) {
      // Under which name and by whose key it was asked has been judged, by the path of the gateway.
      const headers = merged(c.req.raw.headers, { host: "localhost" });
      headers.delete(AUDIENCE_HEADER);
      const own = await serve(new Request(new URL(path, "http://localhost"), { headers }), c.env);
      return new Response(own.body, { status: own.status, headers: merged(own.headers, who) });
    }
    const { reply, nodeId } = await following(cluster, place.node_id, (id) =>
      cluster.passage.read(id, c.env.remoteAddress, () => cluster.read(id, path)),
    );
    const { status, body, headers: told } = reply;
    const type = status < 400 ? "application/json" : "application/problem+json";
    const again = told?.["retry-after"];
    const headers = {
      "content-type": type,
      ...(again === undefined ? {} : { "retry-after": again }),
      ...answeredBy("owner", nodeId),
      [RELAYED_BY]: cluster.nodeId,
    };
    return new Response(JSON.stringify(body), { status, headers });
  };
  for (const path of PASSED_ON) {
    routes.openAPIRegistry.registerPath(describePassed(path));
    routes.get(`/gateway${path.replaceAll(/\{(\w+)\}/g, ":$1")}`, answer);
  }

  routes.openapi(list, (c) => {
    const tanks = allTanks(context).map(({ tank, server }) => entry(tank, server, c));
    return c.json({ tanks, count: tanks.length }, 200, answeredBy("relay", cluster.nodeId));
  });
  routes.openapi(show, (c) => {
    const { tank_id } = c.req.valid("param");
    const place = whereIs(context, tank_id);
    const server = place === undefined ? undefined : cluster.server(place.node_id);
    if (place === undefined || server === undefined) throw unknownTank(tank_id);
    const who = answeredBy(place.is_local ? "owner" : "relay", cluster.nodeId);
    return c.json(entry(place.tank, server, c), 200, who);
  });
  return routes;
}

function merged(headers: Headers, more: Readonly<Record<string, string>>): Headers {
  const all = new Headers(headers);
  for (const [name, value] of Object.entries(more)) all.set(name, value);
  return all;
}
