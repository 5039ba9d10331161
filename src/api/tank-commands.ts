import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Command } from "../sim/types.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { control, json, nameParameter, newRouter, refusal } from "./router.ts";
import { hostedTank } from "./tank-view.ts";

const FEED_DEFAULT = 10;
const SPAWN_DEFAULT = 1;

const place = z.number().int().nonnegative();

/** Where in the tank's history the command stands. It is on disk when this is answered. */
const doneSchema = z.object({
  tank_id: z.string(),
  command: z.enum(["feed", "spawn", "pause", "resume"]),
  epoch: place,
  tick: place.describe("It was applied before this tick began"),
  seq: place,
});

const feedSchema = z.strictObject({
  portions: z.number().int().min(1).max(LIMITS.portionsMax).default(FEED_DEFAULT),
});
const spawnSchema = z.strictObject({
  fish: z.number().int().min(1).max(LIMITS.foundersMax).default(SPAWN_DEFAULT),
});
const nothingSchema = z.strictObject({});

function commandRoute<P extends string, S extends z.ZodType>(
  context: ApiContext,
  path: P,
  summary: string,
  schema: S,
) {
  return createRoute({
    method: "post",
    path,
    tags: ["tanks"],
    summary,
    ...control(context),
    request: {
      params: z.object({ tank_id: nameParameter }),
      body: { required: true, ...json(schema, "May be left out") },
    },
    responses: { 200: json(doneSchema, "It is done, and durable"), default: refusal },
  });
}

/** What a person may do to a tank. */
export function tankCommandRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();

  const submit = async (
    tankId: string,
    command: Command & { kind: "feed" | "spawn" | "pause" | "resume" },
  ) => {
    hostedTank(context, tankId);
    const { outcome, epoch, tick, seq } = await context.tanks.submit(tankId, command);
    if (outcome.kind === "rejected") {
      throw new Problem("invalid", `The tank refused (${outcome.reason}): ${outcome.detail}`);
    }
    return { tank_id: tankId, command: command.kind, epoch, tick, seq };
  };

  routes.openapi(
    commandRoute(context, "/api/tanks/{tank_id}/feed", "Drop food into a tank", feedSchema),
    async (c) => {
      const { portions } = c.req.valid("json");
      return c.json(await submit(c.req.valid("param").tank_id, { kind: "feed", portions }), 200);
    },
  );
  routes.openapi(
    commandRoute(
      context,
      "/api/tanks/{tank_id}/spawn",
      "Put new random fish into a tank",
      spawnSchema,
    ),
    async (c) => {
      const { fish } = c.req.valid("json");
      return c.json(await submit(c.req.valid("param").tank_id, { kind: "spawn", fish }), 200);
    },
  );
  routes.openapi(
    commandRoute(context, "/api/tanks/{tank_id}/pause", "Stop a tank's time", nothingSchema),
    async (c) => c.json(await submit(c.req.valid("param").tank_id, { kind: "pause" }), 200),
  );
  routes.openapi(
    commandRoute(context, "/api/tanks/{tank_id}/resume", "Let a tank's time go on", nothingSchema),
    async (c) => c.json(await submit(c.req.valid("param").tank_id, { kind: "resume" }), 200),
  );
  return routes;
}
