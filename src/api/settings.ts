import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { control, json, newRouter, refusal } from "./router.ts";
import { settingsViewSchema } from "./settings-view.ts";

/** Settings name files and commands of this machine, so it requires the token. */
const settings = (context: ApiContext) =>
  createRoute({
    method: "get",
    path: "/api/config",
    tags: ["nodes"],
    summary: "The settings that this node runs with, and where each comes from",
    ...control(context),
    responses: { 200: json(settingsViewSchema, "The settings, without secrets"), default: refusal },
  });

/** The route of `tankd config`. */
export function settingsRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();
  routes.openapi(settings(context), (c) => c.json(context.settings(), 200));
  return routes;
}
