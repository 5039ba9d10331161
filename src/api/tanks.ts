import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { serverRecordSchema } from "../cluster/server-record.ts";
import { LIMITS } from "../platform/limits.ts";
import type { ApiContext } from "./context.ts";
import { createdTankSchema } from "./created-tank.ts";
import type { ApiEnv } from "./env.ts";
import { idempotency } from "./middleware/idempotency.ts";
import { Placing, whereSchema } from "./placing.ts";
import {
  control,
  json,
  nameParameter,
  newRouter,
  refusal,
  shownText,
  tankControl,
  tankParameter,
} from "./router.ts";
import { hostedTank, requireNoDrain, tankViewSchema, unknownTank, viewTank } from "./tank-view.ts";
import { whereIs } from "./whereabouts.ts";

/** The default number of founders; the same as that of `tankd start --fish`. */
const FOUNDERS_DEFAULT = 50;

const newTankSchema = z.strictObject({
  name: shownText(LIMITS.nameCharactersMax).trim().min(1),
  description: shownText(LIMITS.descriptionCharactersMax).default(""),
  fish: z.number().int().min(0).max(LIMITS.foundersMax).default(FOUNDERS_DEFAULT),
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  ...whereSchema,
});

const tags = ["tanks"];
const params = z.object({ tank_id: nameParameter });

const list = createRoute({
  method: "get",
  path: "/api/tanks",
  tags,
  summary: "The tanks of this node",
  responses: {
    200: json(z.object({ tanks: z.array(tankViewSchema), count: z.number().int() }), "The tanks"),
    default: refusal,
  },
});

const show = createRoute({
  method: "get",
  path: "/api/tanks/{tank_id}",
  tags,
  summary: "One tank of this node",
  request: { params },
  responses: { 200: json(tankViewSchema, "The tank"), default: refusal },
});

const showServer = createRoute({
  method: "get",
  path: "/api/tanks/{tank_id}/server",
  tags,
  summary: "The server that hosts a tank, anywhere in the cluster",
  request: { params: z.object({ tank_id: tankParameter }) },
  responses: { 200: json(serverRecordSchema, "The server's record"), default: refusal },
});

const create = (context: ApiContext) => {
  const { middleware, security } = control(context);
  return createRoute({
    method: "post",
    path: "/api/tanks",
    tags,
    summary: "Create a tank",
    security,
    middleware: [...middleware, idempotency({ keysMax: LIMITS.idempotencyKeysMax })],
    request: {
      headers: z.object({ "idempotency-key": z.string().optional() }),
      body: { required: true, ...json(newTankSchema, "The specification of the tank") },
    },
    responses: { 201: json(createdTankSchema, "The tank that was created"), default: refusal },
  });
};

const remove = (context: ApiContext) =>
  createRoute({
    method: "delete",
    path: "/api/tanks/{tank_id}",
    tags,
    summary: "Remove a tank with its fish; refused while fish of it are in escrow",
    ...tankControl(context),
    request: { params },
    responses: {
      200: json(z.object({ tank_id: z.string(), removed: z.boolean() }), "It is gone"),
      default: refusal,
    },
  });

/** Routes to create, list and remove tanks. `onRemoved` is called for each removed tank. */
export function tankRoutes(
  context: ApiContext,
  onRemoved: (tankId: string) => void,
): OpenAPIHono<ApiEnv> {
  const { tanks, cluster, migration, clock } = context;
  const view = (hosted: ReturnType<typeof hostedTank>) => viewTank(hosted, cluster.serverId);
  const routes = newRouter();
  const placing = new Placing({
    cluster,
    createHere: async (spec) => {
      requireNoDrain(context);
      return view(await tanks.create(spec));
    },
  });

  routes.openapi(list, (c) => {
    const views = tanks.list().map(view);
    return c.json({ tanks: views, count: views.length }, 200);
  });
  routes.openapi(show, (c) => c.json(view(hostedTank(context, c.req.valid("param").tank_id)), 200));
  routes.openapi(showServer, (c) => {
    const { tank_id } = c.req.valid("param");
    if (tanks.get(tank_id) !== undefined) return c.json(cluster.self(), 200);
    const place = whereIs(context, tank_id);
    const server = place === undefined ? undefined : cluster.server(place.node_id);
    if (server === undefined) throw unknownTank(tank_id);
    return c.json(server, 200);
  });
  routes.openapi(create(context), async (c) => {
    const { name, description, fish, seed, ...where } = c.req.valid("json");
    const spec = { name, description, fish, ...(seed === undefined ? {} : { seed }) };
    const startedMs = clock.monotonicMs();
    const made = await placing.create(spec, where, c.req.header("idempotency-key"));
    // The time until the new tank was durable (W3C Server Timing).
    c.header("server-timing", `create;dur=${(clock.monotonicMs() - startedMs).toFixed(2)}`);
    c.header("location", `/api/tanks/${made.tank.tank_id}`);
    return c.json(made, 201);
  });
  routes.openapi(remove(context), async (c) => {
    const { tank_id } = c.req.valid("param");
    hostedTank(context, tank_id);
    await migration.removeTank(tank_id);
    onRemoved(tank_id);
    return c.json({ tank_id, removed: true as const }, 200);
  });
  return routes;
}
