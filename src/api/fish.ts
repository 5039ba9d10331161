import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import { ORIGINS } from "../sim/index.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { json, nameParameter, newRouter, refusal } from "./router.ts";
import { hostedTank } from "./tank-view.ts";

const fishSchema = z.object({
  fish_id: z.string(),
  x: z.number(),
  y: z.number(),
  vx: z.number(),
  vy: z.number(),
  energy: z.number(),
  age: z.number().describe("Ticks"),
  stage: z.enum(["baby", "juvenile", "adult", "elder"]),
  generation: z.number().int(),
  hops: z.number().int().describe("Number of its migrations"),
  parent_ids: z.array(z.string()).readonly(),
  size: z.number(),
  hue: z.number().describe("Colour on the wheel, [0, 1)"),
});

const profileSchema = fishSchema.extend({
  origin: z.enum(ORIGINS).describe("How it came into existence"),
  born_tick: z.number().describe("Tick of the tank that it was born in"),
  bank: z.number().describe("Energy saved for offspring"),
  offspring: z.number().int(),
  behaviour: z.object({
    threat: z.string(),
    food: z.string(),
    social: z.string(),
    poker: z.string(),
  }),
  poker: z.object({
    games: z.number().int(),
    wins: z.number().int(),
    net_energy: z.number().describe("Energy won minus lost"),
  }),
  memories: z.number().int().describe("Number of places that it remembers"),
});

const tags = ["tanks"];

const list = createRoute({
  method: "get",
  path: "/api/tanks/{tank_id}/fish",
  tags,
  summary: "The living fish of a tank",
  request: {
    params: z.object({ tank_id: nameParameter }),
    query: z.object({
      limit: z.coerce.number().int().min(1).max(LIMITS.listRowsMax).default(LIMITS.listRowsMax),
      offset: z.coerce.number().int().min(0).default(0),
    }),
  },
  responses: {
    200: json(
      z.object({
        fish: z.array(fishSchema),
        count: z.number().int(),
        total: z.number().int().describe("Fish in the tank; count is those in this answer"),
      }),
      "The fish",
    ),
    default: refusal,
  },
});

const show = createRoute({
  method: "get",
  path: "/api/tanks/{tank_id}/fish/{fish_id}",
  tags,
  summary: "One living fish",
  request: { params: z.object({ tank_id: nameParameter, fish_id: nameParameter }) },
  responses: { 200: json(profileSchema, "The fish"), default: refusal },
});

/** Routes of fish. */
export function fishRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();
  const fishOf = (tankId: string) => context.tanks.fish(hostedTank(context, tankId).row.tank_id);

  routes.openapi(list, async (c) => {
    const { limit, offset } = c.req.valid("query");
    const all = await fishOf(c.req.valid("param").tank_id);
    const fish = all.slice(offset, offset + limit);
    return c.json({ fish, count: fish.length, total: all.length }, 200);
  });
  routes.openapi(show, async (c) => {
    const { tank_id, fish_id } = c.req.valid("param");
    const { row } = hostedTank(context, tank_id);
    const found = await context.tanks.fishProfile(row.tank_id, fish_id);
    if (found === undefined) {
      throw new Problem("unknown_fish", `There is no living fish ${fish_id} in tank ${tank_id}`);
    }
    return c.json(found, 200);
  });
  return routes;
}
