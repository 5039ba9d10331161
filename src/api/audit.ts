import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { auditSchema } from "../audit/audit.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { noteToken } from "./middleware/control-token.ts";
import { json, newRouter, refusal } from "./router.ts";

/**
 * An audit asks every node for a census. Who sends the token gets one that begins now; anybody else
 * may get one of the last ten seconds.
 */
const show = ({ controlToken }: ApiContext) =>
  createRoute({
    method: "get",
    path: "/api/audit",
    tags: ["transfers"],
    summary: "Check over all nodes that each fish is in exactly one place",
    middleware: [noteToken({ token: controlToken })],
    security: [{}, { controlToken: [] }],
    responses: { 200: json(auditSchema, "What was found"), default: refusal },
  });

/** The route of `tankd audit`. */
export function auditRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();
  routes.openapi(show(context), async (c) => {
    // It may have to wait for a node that does not answer.
    c.env.patient();
    return c.json(await context.audit.audit({ fresh: c.get("controlled") }), 200);
  });
  return routes;
}
