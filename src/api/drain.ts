import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import type { ApiContext } from "./context.ts";
import { type DrainStatus, drainSchema } from "./drain-view.ts";
import type { ApiEnv } from "./env.ts";
import { control, json, nameParameter, newRouter, refusal } from "./router.ts";

const path = "/api/drain";
const tags = ["cluster"];

const show = createRoute({
  method: "get",
  path,
  tags,
  summary: "How far the drain of this node has come",
  responses: { 200: json(drainSchema, "The drain"), default: refusal },
});

const start = (context: ApiContext) =>
  createRoute({
    method: "post",
    path,
    tags,
    summary: "Move every tank of this node to others, and let none come",
    description:
      "Each tank goes to the least loaded member that fits, or all to one server. It goes on " +
      "after a restart, until the node hosts no tanks or the drain is cancelled.",
    ...control(context),
    request: {
      body: {
        required: true,
        ...json(z.strictObject({ server_id: nameParameter.optional() }), "The only destination"),
      },
    },
    responses: { 202: json(drainSchema, "It goes on by itself"), default: refusal },
  });

const cancel = (context: ApiContext) =>
  createRoute({
    method: "delete",
    path,
    tags,
    summary: "End the drain; a tank that is moving still goes, and those that have gone stay there",
    ...control(context),
    responses: {
      200: json(z.object({ cancelled: z.boolean() }), "Tanks may come again"),
      default: refusal,
    },
  });

/** The drain of this node. */
export function drainRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { relocation, tanks } = context;
  const { drain } = relocation;
  const routes = newRouter();
  const off = (): DrainStatus => ({
    state: "off",
    to_server_id: null,
    started_at: null,
    tanks_left: tanks.list().length,
    moving: null,
    moved: [],
    waiting: drain.gaveUp() ?? null,
  });

  routes.openapi(show, (c) => c.json(drain.view() ?? off(), 200));
  routes.openapi(start(context), async (c) =>
    c.json(await drain.start(c.req.valid("json").server_id), 202),
  );
  routes.openapi(cancel(context), async (c) => c.json({ cancelled: await drain.cancel() }, 200));
  return routes;
}
