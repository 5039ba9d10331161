import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { checkupSchema } from "../cluster/checkup/checkup.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { control, json, newRouter, refusal } from "./router.ts";

/** Makes this node dial others, and others dial it: only who has the token may ask for that. */
const examine = (context: ApiContext) =>
  createRoute({
    method: "post",
    path: "/api/doctor",
    tags: ["nodes"],
    summary: "Try the ways to the other members, and let them try the way back",
    ...control(context),
    responses: { 200: json(checkupSchema, "What came of it"), default: refusal },
  });

/** What `tankd doctor` cannot find out by itself. */
export function doctorRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();
  routes.openapi(examine(context), async (c) => c.json(await context.cluster.examine(), 200));
  return routes;
}
