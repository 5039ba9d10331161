import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { parseHubUrl } from "../discovery/hub/url.ts";
import { messageOf, Problem } from "../platform/errors.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { control, json, newRouter, refusal } from "./router.ts";

const joinedSchema = z.object({
  met: z.boolean().describe("Whether a node of this cluster answered there"),
  detail: z.string().describe("The node that answered, or the reason of the failure"),
});

const tags = ["nodes"];

const join = (context: ApiContext) =>
  createRoute({
    method: "post",
    path: "/api/cluster/join",
    tags,
    summary: "Use this hub from now on, also after a restart",
    ...control(context),
    request: {
      body: {
        required: true,
        ...json(z.strictObject({ url: z.string().max(300) }), "The URL of a hub, as for --hub"),
      },
    },
    responses: { 200: json(joinedSchema, "The result"), default: refusal },
  });

const leave = (context: ApiContext) =>
  createRoute({
    method: "post",
    path: "/api/cluster/leave",
    tags,
    summary: "Leave the cluster; tanks keep running. Discovery resumes after a join or a restart",
    ...control(context),
    responses: { 200: json(z.object({ left: z.boolean() }), "It has left"), default: refusal },
  });

/** Routes by which an operator changes the cluster that this node belongs to. */
export function clusterControlRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { cluster } = context;
  const routes = newRouter();

  routes.openapi(join(context), async (c) => {
    const { met, detail } = await cluster.join(addressOf(c.req.valid("json").url));
    return c.json({ met, detail }, 200);
  });
  routes.openapi(leave(context), async (c) => {
    await cluster.leave();
    return c.json({ left: true as const }, 200);
  });
  return routes;
}

function addressOf(url: string) {
  try {
    return parseHubUrl(url);
  } catch (error) {
    throw new Problem("invalid", messageOf(error));
  }
}
