import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { ARRANGEMENTS } from "../migration/connections/topology.ts";
import { Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import {
  connectionSchema,
  destinationNameSchema,
  newTermSchemas,
  showConnection,
  termSchemas,
} from "./connection-view.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { control, json, nameParameter, newRouter, refusal, shownText } from "./router.ts";
import { mayPassOn, othersOnline, passOn } from "./topology-orders.ts";

const newTopologySchema = z.strictObject({
  topology: z
    .enum(ARRANGEMENTS)
    .describe(
      "`ring`: each tank to the next; `full`: each to all others in turn; `star`: the first to " +
        "all others and these to it; `random`: each to any other; `custom`: pairs of source and " +
        "destination",
    ),
  name: shownText(LIMITS.labelCharactersMax).min(1).optional().describe("Default: its topology"),
  tanks: z.array(destinationNameSchema).min(2).max(LIMITS.destinationsMax),
  ...newTermSchemas,
  strategy: termSchemas.strategy.optional(),
});

const madeTopologySchema = z.object({
  name: z.string(),
  topology: z.enum(ARRANGEMENTS),
  connections: z
    .array(connectionSchema)
    .describe("Those from tanks of this node, and of nodes that obey it"),
  elsewhere: z
    .array(z.object({ tank_id: z.string(), server_id: z.string(), reason: z.string().nullable() }))
    .describe("Tanks whose connections only the same request there makes, and why"),
});

const tags = ["connections"];

const create = (context: ApiContext) =>
  createRoute({
    method: "post",
    path: "/api/topologies",
    tags,
    summary: "Connect several tanks",
    description:
      "A node makes connections from its own tanks, and under a common cluster secret lets the " +
      "other nodes make theirs. Without one the same request is sent to each of them. Made again " +
      "under its name it is replaced.",
    ...control(context),
    request: { body: { required: true, ...json(newTopologySchema, "The tanks and the terms") } },
    responses: {
      201: json(madeTopologySchema, "What was made, and what was not"),
      default: refusal,
    },
  });

const remove = (context: ApiContext) =>
  createRoute({
    method: "delete",
    path: "/api/topologies/{name}",
    tags,
    summary: "Remove the connections of a topology",
    description: "Those of this node, and under a common cluster secret those of all that answer.",
    ...control(context),
    request: { params: z.object({ name: nameParameter }) },
    responses: {
      200: json(
        z.object({
          name: z.string(),
          removed: z.number().int(),
          connections: z.array(connectionSchema),
          elsewhere: z
            .array(z.object({ server_id: z.string(), reason: z.string() }))
            .describe("Servers that may have some left, and why"),
        }),
        "They are gone",
      ),
      default: refusal,
    },
  });

/** Connections among several tanks. */
export function topologyRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { migration, cluster } = context;
  const routes = newRouter();

  routes.openapi(create(context), async (c) => {
    const { name: asked, ...spec } = c.req.valid("json");
    const name = asked ?? spec.topology;
    const { connections, elsewhere } = await migration.arrange({ ...spec, name });
    const own = connections.map(showConnection);
    const isOwner = mayPassOn(cluster, c);
    const servers = isOwner ? elsewhere.map(({ server_id }) => server_id) : [];
    const others = await passOn(cluster, c, servers);
    const left = elsewhere.flatMap((tank) => {
      const reason = others.refusals.get(tank.server_id) ?? null;
      return isOwner && reason === null ? [] : [{ ...tank, reason }];
    });
    const made = [...own, ...others.connections];
    return c.json({ name, topology: spec.topology, connections: made, elsewhere: left }, 201);
  });
  routes.openapi(remove(context), async (c) => {
    const { name } = c.req.valid("param");
    const others = await passOn(cluster, c, mayPassOn(cluster, c) ? othersOnline(cluster) : []);
    const own = await migration.removeTopology(name).catch((error: unknown) => {
      const isElsewhere = error instanceof Problem && error.code === "unknown_connection";
      if (isElsewhere && others.connections.length > 0) return [];
      throw error;
    });
    const connections = [...own.map(showConnection), ...others.connections];
    const elsewhere = [...others.refusals].map(([server_id, reason]) => ({ server_id, reason }));
    return c.json({ name, removed: connections.length, connections, elsewhere }, 200);
  });
  return routes;
}
