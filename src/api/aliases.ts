import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { control, json, nameParameter, newRouter, refusal, tankParameter } from "./router.ts";

const aliasSchema = z.object({
  alias: z.string(),
  node_id: z.string(),
  server_id: z.string().describe("The label of the tank's server when the alias was created"),
  tank_id: z.string(),
});

const tags = ["tanks"];

const list = createRoute({
  method: "get",
  path: "/api/aliases",
  tags,
  summary: "This node's aliases for tanks of any node",
  responses: {
    200: json(z.object({ aliases: z.array(aliasSchema), count: z.number().int() }), "The aliases"),
    default: refusal,
  },
});

const give = (context: ApiContext) =>
  createRoute({
    method: "post",
    path: "/api/aliases",
    tags,
    summary: "Create an alias for a tank on this node",
    description:
      "If the name is taken, the setting name_conflict decides: the answer tells the final name.",
    ...control(context),
    request: {
      body: {
        required: true,
        ...json(
          z.strictObject({ alias: nameParameter, tank: tankParameter }),
          "The name, and the tank by id, name, alias or SERVER::TANK",
        ),
      },
    },
    responses: { 201: json(aliasSchema, "The alias that was created"), default: refusal },
  });

const remove = (context: ApiContext) =>
  createRoute({
    method: "delete",
    path: "/api/aliases/{alias}",
    tags,
    summary: "Remove an alias",
    ...control(context),
    request: { params: z.object({ alias: tankParameter }) },
    responses: {
      200: json(z.object({ alias: z.string(), removed: z.boolean() }), "It is gone"),
      default: refusal,
    },
  });

/** Routes of this node's aliases. */
export function aliasRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { aliases } = context.cluster;
  const routes = newRouter();

  routes.openapi(list, (c) => {
    const all = [...aliases.list()];
    return c.json({ aliases: all, count: all.length }, 200);
  });
  routes.openapi(give(context), async (c) => {
    const { alias, tank } = c.req.valid("json");
    return c.json(await aliases.give(alias, tank), 201);
  });
  routes.openapi(remove(context), async (c) => {
    const { alias } = c.req.valid("param");
    await aliases.remove(alias);
    return c.json({ alias, removed: true as const }, 200);
  });
  return routes;
}
