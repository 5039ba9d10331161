import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { recoverySchema } from "./recovery-view.ts";
import { json, newRouter, refusal } from "./router.ts";

const recovery = createRoute({
  method: "get",
  path: "/api/recovery",
  tags: ["health"],
  summary: "The recovery of the last start: its result, or its progress so far",
  responses: { 200: json(recoverySchema, "The recovery"), default: refusal },
});

/** The route that `start -d` polls for its messages. */
export function recoveryRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();
  routes.openapi(recovery, (c) => c.json(context.recovery(), 200));
  return routes;
}
