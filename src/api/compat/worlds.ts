import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { rfc3339 } from "../../platform/clock.ts";
import type { HostedTank } from "../../tanks/tanks.ts";
import type { ApiContext } from "../context.ts";
import type { ApiEnv } from "../env.ts";
import { json, newRouter, refusal } from "../router.ts";

/** A tank in the form of Tank World, whose server lists the worlds of others by this route. */
const worldSchema = z.object({
  world_id: z.string(),
  world_type: z.literal("tank"),
  mode_id: z.literal("tank"),
  name: z.string(),
  view_mode: z.literal("side"),
  frame_count: z.number().int().nonnegative(),
  paused: z.boolean(),
  persistent: z.boolean(),
  created_at: z.string(),
  description: z.string(),
});

const list = createRoute({
  method: "get",
  path: "/api/worlds",
  tags: ["tanks"],
  summary: "The tanks of this node in the form of a Tank World server",
  responses: {
    200: json(z.object({ worlds: z.array(worldSchema), count: z.number().int() }), "The worlds"),
    default: refusal,
  },
});

/** The route that a Tank World server (mbolaris/tank) requests from the servers that it knows. */
export function worldRoutes({ tanks }: ApiContext): OpenAPIHono<ApiEnv> {
  return newRouter().openapi(list, (c) => {
    const worlds = tanks.list().map(asWorld);
    return c.json({ worlds, count: worlds.length }, 200);
  });
}

function asWorld({ row, stats, status }: HostedTank): z.infer<typeof worldSchema> {
  return {
    world_id: row.tank_id,
    world_type: "tank",
    mode_id: "tank",
    name: row.name,
    view_mode: "side",
    frame_count: stats.tick,
    paused: status !== "running",
    persistent: true,
    created_at: rfc3339(row.created_at),
    description: row.description,
  };
}
