import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { ARRANGEMENTS } from "../migration/connections/topology.ts";
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
  connections: z.array(connectionSchema).describe("Those from tanks of this node"),
  elsewhere: z
    .array(z.object({ tank_id: z.string(), server_id: z.string() }))
    .describe("Tanks of other nodes: their connections are made by the same request there"),
});

const tags = ["connections"];

const create = (context: ApiContext) =>
  createRoute({
    method: "post",
    path: "/api/topologies",
    tags,
    summary: "Connect several tanks: the connections from tanks of this node",
    description:
      "A node makes connections from its own tanks only. Sent to each node of the tanks, the " +
      "same request makes the whole topology. Made again under its name it is replaced.",
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
    summary: "Remove the connections of a topology from tanks of this node",
    ...control(context),
    request: { params: z.object({ name: nameParameter }) },
    responses: {
      200: json(
        z.object({
          name: z.string(),
          removed: z.number().int(),
          connections: z.array(connectionSchema),
        }),
        "They are gone",
      ),
      default: refusal,
    },
  });

/** Connections among several tanks. */
export function topologyRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { migration } = context;
  const routes = newRouter();

  routes.openapi(create(context), async (c) => {
    const { name: asked, ...spec } = c.req.valid("json");
    const name = asked ?? spec.topology;
    const { connections, elsewhere } = await migration.arrange({ ...spec, name });
    const made = { name, topology: spec.topology, connections: connections.map(showConnection) };
    return c.json({ ...made, elsewhere: [...elsewhere] }, 201);
  });
  routes.openapi(remove(context), async (c) => {
    const { name } = c.req.valid("param");
    const connections = (await migration.removeTopology(name)).map(showConnection);
    return c.json({ name, removed: connections.length, connections }, 200);
  });
  return routes;
}
