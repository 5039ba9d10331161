import type { OpenAPIHono } from "@hono/zod-openapi";
import { Problem } from "../platform/errors.ts";
import { loadPage, type WebFile } from "../web/page.ts";
import { aliasRoutes } from "./aliases.ts";
import { allowedMethods } from "./allowed-methods.ts";
import { archiveRoutes } from "./archives.ts";
import { auditRoutes } from "./audit.ts";
import { createBaseApp } from "./base-app.ts";
import { clusterControlRoutes } from "./cluster-control.ts";
import { worldRoutes } from "./compat/worlds.ts";
import { connectionRoutes } from "./connections.ts";
import type { ApiContext } from "./context.ts";
import { mountDocs } from "./docs.ts";
import { doctorRoutes } from "./doctor.ts";
import { drainRoutes } from "./drain.ts";
import { type ApiContextOf, type ApiEnv, pathOf } from "./env.ts";
import { fishRoutes } from "./fish.ts";
import { gatewayRoutes } from "./gateway.ts";
import { handTransferRoutes } from "./hand-transfers.ts";
import { healthRoutes } from "./health.ts";
import { provenReads } from "./middleware/proven-reads.ts";
import { moveRoutes } from "./moves.ts";
import { pageRoutes } from "./page.ts";
import { pastRoutes } from "./past.ts";
import { type PeerGuard, peerGuard } from "./peer-guard.ts";
import { peerRoutes } from "./peer-routes.ts";
import { DetailedProblem, problemResponse } from "./problems.ts";
import { recoveryRoutes } from "./recovery.ts";
import { settingsRoutes } from "./settings.ts";
import { tankCommandRoutes } from "./tank-commands.ts";
import { tankRoutes } from "./tanks.ts";
import { topologyRoutes } from "./topologies.ts";
import { transferRoutes } from "./transfers.ts";
import { Viewers } from "./viewers.ts";
import { watchRoutes } from "./watch.ts";

export interface AppOptions {
  /** Called for each removed tank. */
  readonly onTankRemoved?: (tankId: string) => void;
  /** The viewers of this node's tanks. */
  readonly viewers?: Viewers;
  /** The files of the web page. */
  readonly page?: () => Promise<readonly WebFile[]>;
  /** The middleware for requests of other nodes, if their routes are also served elsewhere. */
  readonly guard?: PeerGuard;
}

/** The whole HTTP API as one function from request to response; `service.ts` creates it lazily. */
export function createApp(context: ApiContext, options: AppOptions = {}): OpenAPIHono<ApiEnv> {
  const { guard = peerGuard(context) } = options;
  const app = createBaseApp(context, guard);
  app.use("/api/tanks/*", ...provenReads(context.cluster.relays, guard));
  app.route("/", healthRoutes(context));
  app.route("/", recoveryRoutes(context));
  app.route("/", tankRoutes(context, options.onTankRemoved ?? (() => {})));
  app.route("/", tankCommandRoutes(context));
  app.route("/", moveRoutes(context));
  app.route("/", worldRoutes(context));
  app.route("/", archiveRoutes(context));
  app.route("/", pastRoutes(context));
  app.route("/", fishRoutes(context));
  app.route("/", connectionRoutes(context));
  app.route("/", topologyRoutes(context));
  app.route("/", transferRoutes(context));
  app.route("/", handTransferRoutes(context));
  app.route("/", auditRoutes(context));
  app.route(
    "/",
    gatewayRoutes(context, (request, bindings) => app.fetch(request, bindings)),
  );
  app.route("/", aliasRoutes(context));
  app.route("/", clusterControlRoutes(context));
  app.route("/", drainRoutes(context));
  app.route("/", doctorRoutes(context));
  app.route("/", settingsRoutes(context));
  const { viewers = new Viewers(context, () => {}) } = options;
  app.route("/", watchRoutes(context, viewers, guard));
  app.route("/", peerRoutes(context, guard));
  mountDocs(app, context.version);
  app.route("/", pageRoutes(options.page ?? loadPage));

  app.notFound((c) => refuseUnrouted(app, c));
  return app;
}

/** 405 if the path accepts other methods, else 404. */
function refuseUnrouted(app: OpenAPIHono<ApiEnv>, c: ApiContextOf): Response {
  const { method } = c.req;
  const path = pathOf(c);
  const allowed = allowedMethods(app.routes, path);
  if (allowed.length === 0) {
    return problemResponse(
      new Problem("not_found", "There is no such route; GET /docs lists all"),
      path,
    );
  }
  const headers = { allow: allowed.join(", ") };
  const detail = `${path} accepts ${headers.allow}, not ${method}`;
  return problemResponse(new DetailedProblem("method_not_allowed", detail, { headers }), path);
}
