import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { HEALTHS } from "../migration/connections/health.ts";
import { TERMS_DEFAULT } from "../migration/connections/terms.ts";
import type { ConnectionView, NewConnection } from "../migration/migration.ts";
import { rfc3339 } from "../platform/clock.ts";
import { LIMITS } from "../platform/limits.ts";
import { CONNECTION_DIRECTIONS, STRATEGIES } from "../store/rows.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { idempotency } from "./middleware/idempotency.ts";
import { control, json, nameParameter, newRouter, refusal, tankParameter } from "./router.ts";
import { refuseForeignServer } from "./tank-view.ts";

const counter = z.number().int().nonnegative();

const destinationSchema = z.object({
  tank_id: z.string(),
  node_id: z.string(),
  server_id: z.string(),
  health: z
    .enum(HEALTHS)
    .describe("`gone`: there is no such tank; `full`: it had no room for the last fish"),
  health_reason: z.string().nullable(),
  rtt_ms: z.number().nullable().describe("Of its node; null for this one"),
  sent: counter.describe("Fish that left for it since the node has started"),
  delivered: counter,
  returned: counter,
  last_delivered_at: z.string().nullable().describe("Null before the first delivery"),
});

const terms = {
  probability: z.number().min(0).max(100).describe("Percent per draw"),
  direction: z.enum(CONNECTION_DIRECTIONS).describe("The wall by which fish leave"),
  selection: z
    .string()
    .max(LIMITS.labelCharactersMax)
    .describe(
      "Which fish leave: `random` (those at the wall of the direction first), `boundary` (only " +
        "those), `oldest`, `youngest`, `best` by energy, or `best:TRAIT`",
    ),
  count: z.number().int().min(1).max(LIMITS.migrantsPerDrawMax).describe("Fish per draw"),
  rate: z
    .number()
    .positive()
    .max(LIMITS.connectionRateMax)
    .nullable()
    .describe("Fish per minute, at most; null without a limit"),
  status: z.enum(["running", "paused"]),
  strategy: z
    .enum(STRATEGIES)
    .describe(
      "Which of several destinations is next: the first that can be reached, each in turn," +
        " or the one with the fewest fish in a tank",
    ),
};

const connectionSchema = z.object({
  connection_id: z.string(),
  source_tank_id: z.string(),
  source_server_id: z.string(),
  destination_tank_id: z.string().describe("The first of the destinations"),
  destination_node_id: z.string(),
  destination_server_id: z.string(),
  destinations: z.array(destinationSchema),
  ...terms,
  origin: z.enum(["auto", "manual"]),
  created_at: z.string(),
});

const madeConnectionSchema = connectionSchema.extend({
  previous: connectionSchema
    .nullable()
    .describe("The connection that it changed or replaced; null if there was none"),
});

/** The defaults are those of the automatic connection. */
const newConnectionSchema = z
  .strictObject({
    source_tank_id: tankParameter,
    source_server_id: nameParameter.optional(),
    destination_tank_id: tankParameter.optional(),
    destination_server_id: nameParameter.optional(),
    destinations: z
      .array(z.strictObject({ tank_id: tankParameter, server_id: nameParameter.optional() }))
      .min(1)
      .max(LIMITS.destinationsMax)
      .optional()
      .describe("Instead of destination_tank_id, where there are several"),
    probability: terms.probability.default(TERMS_DEFAULT.probability),
    direction: terms.direction.default(TERMS_DEFAULT.direction),
    selection: terms.selection.default(TERMS_DEFAULT.selection),
    count: terms.count.default(TERMS_DEFAULT.count),
    rate: terms.rate.default(TERMS_DEFAULT.rate),
    status: terms.status.default(TERMS_DEFAULT.status),
    strategy: terms.strategy.default(TERMS_DEFAULT.strategy),
    force: z.boolean().default(false).describe("Store it even if a tank cannot be reached now"),
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

const changeSchema = z.strictObject(terms).partial();

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
    middleware: [...middleware, idempotency({ keysMax: LIMITS.idempotencyKeysMax })],
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

function show(view: ConnectionView): z.infer<typeof connectionSchema> {
  return {
    ...view,
    created_at: rfc3339(view.created_at),
    destinations: view.destinations.map(({ last_delivered_at: at, ...destination }) => ({
      ...destination,
      last_delivered_at: at === null ? null : rfc3339(at),
    })),
  };
}

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
    const connections = migration.connections().map(show);
    return c.json({ connections, count: connections.length }, 200);
  });
  routes.openapi(create(context), async (c) => {
    const asked = c.req.valid("json");
    refuseForeignServer(context, asked.source_server_id);
    const made = await migration.connect(read(asked));
    const { previous, ...connection } = made;
    return c.json({ ...show(connection), previous: previous ? show(previous) : null }, 201);
  });
  routes.openapi(change(context), async (c) => {
    const { connection_id } = c.req.valid("param");
    return c.json(show(await migration.changeConnection(connection_id, c.req.valid("json"))), 200);
  });
  routes.openapi(remove(context), async (c) => {
    const { connection_id } = c.req.valid("param");
    await migration.disconnect(connection_id);
    return c.json({ connection_id, removed: true as const }, 200);
  });
  return routes;
}
