import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import type { ConnectionView } from "../migration/migration.ts";
import { rfc3339 } from "../platform/clock.ts";
import { LIMITS } from "../platform/limits.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { idempotency } from "./middleware/idempotency.ts";
import { control, json, nameParameter, newRouter, refusal, tankParameter } from "./router.ts";
import { refuseForeignServer } from "./tank-view.ts";

/** Those of the automatic connection. */
const PROBABILITY_DEFAULT = 25;
const DIRECTION_DEFAULT = "both";

const directionSchema = z.enum(["left", "right", "both"]);

const connectionSchema = z.object({
  connection_id: z.string(),
  source_tank_id: z.string(),
  source_server_id: z.string(),
  destination_tank_id: z.string(),
  destination_node_id: z.string(),
  destination_server_id: z.string(),
  probability: z.number().describe("Percent per draw"),
  direction: directionSchema,
  origin: z.enum(["auto", "manual"]),
  created_at: z.string(),
});

const madeConnectionSchema = connectionSchema.extend({
  previous: connectionSchema
    .nullable()
    .describe("The connection that it changed or replaced; null if there was none"),
});

const newConnectionSchema = z.strictObject({
  source_tank_id: tankParameter,
  source_server_id: nameParameter.optional(),
  destination_tank_id: tankParameter,
  destination_server_id: nameParameter.optional(),
  probability: z.number().min(0).max(100).default(PROBABILITY_DEFAULT),
  direction: directionSchema.default(DIRECTION_DEFAULT),
});

const tags = ["connections"];

const list = createRoute({
  method: "get",
  path: "/api/connections",
  tags,
  summary: "The connections from this node's tanks",
  responses: {
    200: json(
      z.object({ connections: z.array(connectionSchema), count: z.number().int() }),
      "The connections",
    ),
    default: refusal,
  },
});

const create = (context: ApiContext) => {
  const { middleware, security } = control(context);
  return createRoute({
    method: "post",
    path: "/api/connections",
    tags,
    summary: "Create a connection between two tanks, or change the one that is there",
    description:
      "Fish migrate along it from one tank to the other. A probability of 0 pauses it. It " +
      "replaces the automatic connection of its source tank.",
    security,
    middleware: [...middleware, idempotency({ keysMax: LIMITS.idempotencyKeysMax })],
    request: {
      headers: z.object({ "idempotency-key": z.string().optional() }),
      body: { required: true, ...json(newConnectionSchema, "The tanks and the probability") },
    },
    responses: { 201: json(madeConnectionSchema, "The connection as it is now"), default: refusal },
  });
};

const remove = (context: ApiContext) =>
  createRoute({
    method: "delete",
    path: "/api/connections/{connection_id}",
    tags,
    summary: "Remove a connection; fish in transit still arrive",
    ...control(context),
    request: { params: z.object({ connection_id: nameParameter }) },
    responses: {
      200: json(z.object({ connection_id: z.string(), removed: z.boolean() }), "It is gone"),
      default: refusal,
    },
  });

function show(view: ConnectionView): z.infer<typeof connectionSchema> {
  return { ...view, created_at: rfc3339(view.created_at) };
}

/** Connections between tanks. */
export function connectionRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { migration } = context;
  const routes = newRouter();

  routes.openapi(list, (c) => {
    const connections = migration.connections().map(show);
    return c.json({ connections, count: connections.length }, 200);
  });
  routes.openapi(create(context), async (c) => {
    const { source_server_id, destination_server_id, ...spec } = c.req.valid("json");
    refuseForeignServer(context, source_server_id);
    const made = await migration.connect(
      destination_server_id === undefined ? spec : { ...spec, destination_server_id },
    );
    const { previous, ...connection } = made;
    return c.json({ ...show(connection), previous: previous ? show(previous) : null }, 201);
  });
  routes.openapi(remove(context), async (c) => {
    const { connection_id } = c.req.valid("param");
    await migration.disconnect(connection_id);
    return c.json({ connection_id, removed: true as const }, 200);
  });
  return routes;
}
