import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { TERMS_DEFAULT } from "../migration/connections/terms.ts";
import type { NewConnection } from "../migration/migration.ts";
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
import { idempotency } from "./middleware/idempotency.ts";
import { atItsServer } from "./orders.ts";
import { control, json, nameParameter, newRouter, refusal, tankParameter } from "./router.ts";
import { refuseForeignServer } from "./tank-view.ts";

const madeConnectionSchema = connectionSchema.extend({
  previous: connectionSchema
    .nullable()
    .describe("The connection that it changed or replaced; null if there was none"),
});

const newConnectionSchema = z
  .strictObject({
    source_tank_id: tankParameter,
    source_server_id: nameParameter.optional(),
    destination_tank_id: tankParameter.optional(),
    destination_server_id: nameParameter.optional(),
    destinations: z
      .array(destinationNameSchema)
      .min(1)
      .max(LIMITS.destinationsMax)
      .optional()
      .describe("Instead of destination_tank_id, where there are several"),
    ...newTermSchemas,
    strategy: termSchemas.strategy.default(TERMS_DEFAULT.strategy),
  })
  .refine(
    (asked) => (asked.destinations === undefined) !== (asked.destination_tank_id === undefined),
    {
      error: "Give destination_tank_id, or destinations",
      path: ["destination_tank_id"],
    },
  )
  .refine(
    (asked) => asked.destinations === undefined || asked.destination_server_id === undefined,
    {
      error: "Each of the destinations has its own server_id",
      path: ["destination_server_id"],
    },
  );

const changeSchema = z.strictObject(termSchemas).partial();

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
      "Fish migrate along it from one tank to the others. A probability of 0 pauses it, too. It " +
      "replaces the automatic connection of its source tank. Terms that are not given are those " +
      "of the automatic connection.",
    security,
    middleware: [
      ...middleware,
      atItsServer(context, "source_server_id"),
      idempotency({ keysMax: LIMITS.idempotencyKeysMax }),
    ],
    request: {
      headers: z.object({ "idempotency-key": z.string().optional() }),
      body: { required: true, ...json(newConnectionSchema, "The tanks and the probability") },
    },
    responses: { 201: json(madeConnectionSchema, "The connection as it is now"), default: refusal },
  });
};

const change = (context: ApiContext) => {
  const { middleware, security } = control(context);
  return createRoute({
    method: "patch",
    path: "/api/connections/{connection_id}",
    tags,
    summary: "Change terms of a connection; those that are not given stay",
    security,
    middleware,
    request: {
      params: z.object({ connection_id: nameParameter }),
      body: { required: true, ...json(changeSchema, "The terms to change") },
    },
    responses: { 200: json(connectionSchema, "The connection as it is now"), default: refusal },
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

function read({
  source_server_id: _,
  destinations,
  destination_tank_id,
  destination_server_id,
  ...asked
}: z.infer<typeof newConnectionSchema>): NewConnection {
  const [first, ...further] = destinations ?? [];
  return {
    ...asked,
    destination_tank_id: first?.tank_id ?? destination_tank_id ?? "",
    destination_server_id: first ? first.server_id : destination_server_id,
    further,
  };
}

/** Connections between tanks. */
export function connectionRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { migration } = context;
  const routes = newRouter();

  routes.openapi(list, (c) => {
    const connections = migration.connections().map(showConnection);
    return c.json({ connections, count: connections.length }, 200);
  });
  routes.openapi(create(context), async (c) => {
    const asked = c.req.valid("json");
    refuseForeignServer(context, asked.source_server_id);
    const made = await migration.connect(read(asked));
    const { previous, ...connection } = made;
    return c.json(
      { ...showConnection(connection), previous: previous ? showConnection(previous) : null },
      201,
    );
  });
  routes.openapi(change(context), async (c) => {
    const { connection_id } = c.req.valid("param");
    return c.json(
      showConnection(await migration.changeConnection(connection_id, c.req.valid("json"))),
      200,
    );
  });
  routes.openapi(remove(context), async (c) => {
    const { connection_id } = c.req.valid("param");
    await migration.disconnect(connection_id);
    return c.json({ connection_id, removed: true as const }, 200);
  });
  return routes;
}
