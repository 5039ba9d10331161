import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { recoverySchema } from "./recovery-view.ts";
import { json, newRouter, refusal } from "./router.ts";

const recovery = createRoute({
  method: "get",
  path: "/api/recovery",
  tags: ["health"],
  summary: "What the last start brought back, or has brought back so far",
  responses: { 200: json(recoverySchema, "The recovery"), default: refusal },
});

/** What a start that does not see the node's process prints. */
export function recoveryRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();
  routes.openapi(recovery, (c) => c.json(context.recovery(), 200));
  return routes;
}
