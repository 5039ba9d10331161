import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { Problem } from "../platform/errors.ts";
import { loadPage, type WebFile } from "../web/page.ts";
import { aliasRoutes } from "./aliases.ts";
import { allowedMethods } from "./allowed-methods.ts";
import { archiveRoutes } from "./archives.ts";
import { createBaseApp } from "./base-app.ts";
import { clusterControlRoutes } from "./cluster-control.ts";
import { worldRoutes } from "./compat/worlds.ts";
import { connectionRoutes } from "./connections.ts";
import type { ApiContext } from "./context.ts";
import { mountDocs } from "./docs.ts";
import { doctorRoutes } from "./doctor.ts";
import { type ApiContextOf, type ApiEnv, pathOf } from "./env.ts";
import { fishRoutes } from "./fish.ts";
import { gatewayRoutes } from "./gateway.ts";
import { healthRoutes } from "./health.ts";
import { pageRoutes } from "./page.ts";
import { pastRoutes } from "./past.ts";
import { peerRoutes } from "./peer-routes.ts";
import { DetailedProblem, problemResponse } from "./problems.ts";
import { recoveryRoutes } from "./recovery.ts";
import { nameParameter, newRouter, refusal } from "./router.ts";
import { tankCommandRoutes } from "./tank-commands.ts";
import { hostedTank } from "./tank-view.ts";
import { tankRoutes } from "./tanks.ts";
import { transferRoutes } from "./transfers.ts";

export interface AppOptions {
  /** Hears of each tank that was removed. */
  readonly onTankRemoved?: (tankId: string) => void;
  /** The files of the web page. */
  readonly page?: () => Promise<readonly WebFile[]>;
  /** The routes for other nodes, where they are served elsewhere too. */
  readonly peers?: OpenAPIHono<ApiEnv>;
}

/**
 * The whole HTTP API as one function from request to response; `service.ts` makes it when it is
 * needed.
 */
export function createApp(context: ApiContext, options: AppOptions = {}): OpenAPIHono<ApiEnv> {
  const app = createBaseApp(context);
  app.route("/", healthRoutes(context));
  app.route("/", recoveryRoutes(context));
  app.route("/", tankRoutes(context, options.onTankRemoved ?? (() => {})));
  app.route("/", tankCommandRoutes(context));
  app.route("/", worldRoutes(context));
  app.route("/", archiveRoutes(context));
  app.route("/", pastRoutes(context));
  app.route("/", fishRoutes(context));
  app.route("/", connectionRoutes(context));
  app.route("/", transferRoutes(context));
  app.route("/", gatewayRoutes(context));
  app.route("/", aliasRoutes(context));
  app.route("/", clusterControlRoutes(context));
  app.route("/", doctorRoutes(context));
  app.route("/", watchRoutes(context));
  app.route("/", options.peers ?? peerRoutes(context));
  mountDocs(app, context.version);
  app.route("/", pageRoutes(options.page ?? loadPage));

  app.notFound((c) => refuseUnrouted(app, c));
  return app;
}

const watch = createRoute({
  method: "get",
  path: "/ws/{tank_id}",
  tags: ["tanks"],
  summary: "Watch a tank of this node: a WebSocket that sends one hello, then frames",
  request: { params: z.object({ tank_id: nameParameter }) },
  responses: { 101: { description: "Frames follow" }, default: refusal },
});

function watchRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const routes = newRouter();
  routes.openAPIRegistry.registerPath(watch);
  routes.get("/ws/:tank_id", (c) => {
    const tankId = c.req.param("tank_id");
    hostedTank(context, tankId);
    if (!c.env.upgrade(tankId)) {
      const headers = { upgrade: "websocket", connection: "Upgrade" };
      throw new DetailedProblem("bad_request", "Open this address as a WebSocket", { headers });
    }
    // The connection is no longer HTTP; this answer goes nowhere.
    return new Response(null);
  });
  return routes;
}

/** 405 where the path takes other methods, else 404. */
function refuseUnrouted(app: OpenAPIHono<ApiEnv>, c: ApiContextOf): Response {
  const { method } = c.req;
  const path = pathOf(c);
  const allowed = allowedMethods(app.routes, path);
  if (allowed.length === 0) {
    return problemResponse(
      new Problem("not_found", "Nothing is here; GET /docs lists every route"),
      path,
    );
  }
  const headers = { allow: allowed.join(", ") };
  const detail = `${path} takes ${headers.allow}, not ${method}`;
  return problemResponse(new DetailedProblem("method_not_allowed", detail, { headers }), path);
}
