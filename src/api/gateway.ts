import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import {
  type AnnouncedTank,
  announcedTankSchema,
  type ServerRecord,
  serverRecordSchema,
} from "../cluster/server-record.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { json, newRouter, refusal, tankParameter } from "./router.ts";
import { unknownTank } from "./tank-view.ts";

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

function entry(tank: AnnouncedTank, server: ServerRecord): z.infer<typeof entrySchema> {
  return {
    tank: { ...tank, server_id: server.server_id },
    server,
    websocket_url: `${server.api_url.replace(/^http/, "ws")}/ws/${encodeURIComponent(tank.tank_id)}`,
  };
}

/** The directory of tanks across the nodes. */
export function gatewayRoutes({ cluster }: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();

  routes.openapi(list, (c) => {
    const tanks = cluster
      .servers()
      .flatMap((server) =>
        server.node_id === null
          ? []
          : cluster.tanksOf(server.node_id).map((tank) => entry(tank, server)),
      );
    return c.json({ tanks, count: tanks.length }, 200);
  });
  routes.openapi(show, (c) => {
    const { tank_id } = c.req.valid("param");
    const place = cluster.locate(tank_id);
    const server = place === undefined ? undefined : cluster.server(place.node_id);
    if (place === undefined || server === undefined) throw unknownTank(tank_id);
    return c.json(entry(place.tank, server), 200);
  });
  return routes;
}
