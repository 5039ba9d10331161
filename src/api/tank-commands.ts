import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import { FAST_FORWARD_TICKS_MAX } from "../sim/index.ts";
import type { Command } from "../sim/types.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { idempotency } from "./middleware/idempotency.ts";
import { json, nameParameter, newRouter, refusal, tankControl } from "./router.ts";
import { hostedTank } from "./tank-view.ts";

const FEED_DEFAULT = 10;
const SPAWN_DEFAULT = 1;

/** The commands of operators; kinds of log entries. */
const KINDS = ["feed", "spawn", "pause", "resume", "set_tick_rate", "fast_forward"] as const;
type Order = Extract<Command, { readonly kind: (typeof KINDS)[number] }>;

const place = z.number().int().nonnegative();

/** The command's place in the tank's log. It is durable before the answer. */
const doneSchema = z.object({
  tank_id: z.string(),
  command: z.enum(KINDS).describe("The kind of its log entry"),
  epoch: place,
  tick: place.describe("It was applied before this tick began"),
  seq: place,
});

const forwardedSchema = doneSchema.extend({
  to_tick: place.describe("The end of the fast-forward"),
});

const feedSchema = z.strictObject({
  portions: z.number().int().min(1).max(LIMITS.portionsMax).default(FEED_DEFAULT),
});
const spawnSchema = z.strictObject({
  fish: z.number().int().min(1).max(LIMITS.foundersMax).default(SPAWN_DEFAULT),
});
const SPEED_FORM = `a number from ${LIMITS.tickRateMin} to ${LIMITS.tickRateMax}, or 0`;
// One number and no alternatives, which generated clients do not tell apart.
const speedSchema = z.strictObject({
  tick_rate: z
    .number({ error: SPEED_FORM })
    .refine((rate) => rate === 0 || (rate >= LIMITS.tickRateMin && rate <= LIMITS.tickRateMax), {
      error: SPEED_FORM,
    })
    .describe(`Ticks per second: ${SPEED_FORM}, which is as fast as possible`),
});
const forwardSchema = z.strictObject({
  ticks: z.number().int().min(1).max(FAST_FORWARD_TICKS_MAX),
});
const nothingSchema = z.strictObject({});

interface RouteOptions<P extends string, S extends z.ZodType, A extends z.ZodType> {
  readonly path: P;
  readonly summary: string;
  readonly body: S;
  readonly answer: A;
  /** Whether it is not idempotent by itself: then it honours `Idempotency-Key`. */
  readonly adds: boolean;
}

function commandRoute<P extends string, S extends z.ZodType, A extends z.ZodType>(
  context: ApiContext,
  { path, summary, body, answer, adds }: RouteOptions<P, S, A>,
) {
  const { middleware, security } = tankControl(context);
  const once = adds ? [idempotency({ keysMax: LIMITS.idempotencyKeysMax })] : [];
  return createRoute({
    method: "post",
    path,
    tags: ["tanks"],
    summary,
    security,
    middleware: [...middleware, ...once],
    request: {
      params: z.object({ tank_id: nameParameter }),
      ...(adds ? { headers: z.object({ "idempotency-key": z.string().optional() }) } : {}),
      body: {
        required: true,
        ...json(body, "May be omitted if all fields are optional"),
      },
    },
    responses: { 200: json(answer, "The command is applied and durable"), default: refusal },
  });
}

/** Routes of commands for tanks. */
export function tankCommandRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();

  const submit = async (tankId: string, order: Order) => {
    hostedTank(context, tankId);
    const { outcome, epoch, tick, seq } = await context.tanks.submit(tankId, order);
    if (outcome.kind === "rejected") {
      throw new Problem("invalid", `The tank refused (${outcome.reason}): ${outcome.detail}`);
    }
    return { tank_id: tankId, command: order.kind, epoch, tick, seq };
  };

  const feed = commandRoute(context, {
    path: "/api/tanks/{tank_id}/feed",
    summary: "Add food to a tank",
    body: feedSchema,
    answer: doneSchema,
    adds: true,
  });
  routes.openapi(feed, async (c) => {
    const { portions } = c.req.valid("json");
    return c.json(await submit(c.req.valid("param").tank_id, { kind: "feed", portions }), 200);
  });

  const spawn = commandRoute(context, {
    path: "/api/tanks/{tank_id}/spawn",
    summary: "Add new random fish to a tank",
    body: spawnSchema,
    answer: doneSchema,
    adds: true,
  });
  routes.openapi(spawn, async (c) => {
    const { fish } = c.req.valid("json");
    return c.json(await submit(c.req.valid("param").tank_id, { kind: "spawn", fish }), 200);
  });

  const pause = commandRoute(context, {
    path: "/api/tanks/{tank_id}/pause",
    summary: "Pause a tank",
    body: nothingSchema,
    answer: doneSchema,
    adds: false,
  });
  routes.openapi(pause, async (c) =>
    c.json(await submit(c.req.valid("param").tank_id, { kind: "pause" }), 200),
  );

  const resume = commandRoute(context, {
    path: "/api/tanks/{tank_id}/resume",
    summary: "Resume a paused tank",
    body: nothingSchema,
    answer: doneSchema,
    adds: false,
  });
  routes.openapi(resume, async (c) =>
    c.json(await submit(c.req.valid("param").tank_id, { kind: "resume" }), 200),
  );

  const speed = commandRoute(context, {
    path: "/api/tanks/{tank_id}/speed",
    summary: "Set the tick rate of a tank",
    body: speedSchema,
    answer: doneSchema,
    adds: false,
  });
  routes.openapi(speed, async (c) => {
    const { tick_rate: ticksPerSecond } = c.req.valid("json");
    const order = { kind: "set_tick_rate", ticksPerSecond } as const;
    return c.json(await submit(c.req.valid("param").tank_id, order), 200);
  });

  const forward = commandRoute(context, {
    path: "/api/tanks/{tank_id}/fast-forward",
    summary: "Fast-forward a tank by a number of ticks; 1 steps a paused tank",
    body: forwardSchema,
    answer: forwardedSchema,
    adds: true,
  });
  routes.openapi(forward, async (c) => {
    const { tank_id } = c.req.valid("param");
    const { ticks } = c.req.valid("json");
    const done = await submit(tank_id, { kind: "fast_forward", ticks });
    // May be later than its own ticks, if another fast-forward was in progress.
    const to_tick = context.tanks.get(tank_id)?.fastForwardTo ?? done.tick + ticks;
    return c.json({ ...done, to_tick }, 200);
  });
  return routes;
}
