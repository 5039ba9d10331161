import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { checkupSchema } from "../cluster/checkup/checkup.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { control, json, newRouter, refusal } from "./router.ts";

/** Makes this node dial others, and others dial it, so it requires the token. */
const examine = (context: ApiContext) =>
  createRoute({
    method: "post",
    path: "/api/doctor",
    tags: ["nodes"],
    summary: "Test connections to the other members, and from them to this node",
    ...control(context),
    responses: { 200: json(checkupSchema, "The results"), default: refusal },
  });

/** Tests that `tankd doctor` cannot run itself. */
export function doctorRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();
  routes.openapi(examine(context), async (c) => c.json(await context.cluster.examine(), 200));
  return routes;
}
