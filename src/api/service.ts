import type { OpenAPIHono } from "@hono/zod-openapi";
import { once } from "../platform/once.ts";
import { allowedMethods } from "./allowed-methods.ts";
import type { AppOptions } from "./app.ts";
import { createBaseApp } from "./base-app.ts";
import type { ApiContext } from "./context.ts";
import { type ApiEnv, pathAndQuery } from "./env.ts";
import { healthRoutes } from "./health.ts";
import { peerGuard } from "./peer-guard.ts";
import { peerRoutes } from "./peer-routes.ts";

/** Answers one request. */
export type Fetch = (
  request: Request,
  bindings: ApiEnv["Bindings"],
) => Response | Promise<Response>;

/**
 * The whole HTTP API. Only the routes for probes and other nodes are created at once; the others
 * are created lazily, since they took a tenth of the processor time of a start and are often not
 * used.
 */
export function createService(context: ApiContext, options: Omit<AppOptions, "guard">): Fetch {
  const guard = peerGuard(context);
  const front = createBaseApp(context, guard);
  front.route("/", healthRoutes(context));
  front.route("/", peerRoutes(context, guard));
  const whole = once(async (): Promise<OpenAPIHono<ApiEnv>> => {
    const { createApp } = await import("./app.ts");
    // The same guard, so that rate limits of a peer are counted once.
    return createApp(context, { ...options, guard });
  });
  // Paths without parameters, as those that are asked for all the time, need no search.
  const plain = new Set(front.routes.map(({ method, path }) => `${method} ${path}`));
  return async (request, bindings) => {
    const [path = "/"] = pathAndQuery(request.url).split("?");
    const isFront =
      plain.has(`${request.method} ${path}`) ||
      allowedMethods(front.routes, path).includes(request.method);
    return (isFront ? front : await whole()).fetch(request, bindings);
  };
}
