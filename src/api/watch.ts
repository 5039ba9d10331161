import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { answeredBy, RELAYED_BY } from "./answered-by.ts";
import type { ApiContext } from "./context.ts";
import type { ApiContextOf, ApiEnv } from "./env.ts";
import { DetailedProblem } from "./problems.ts";
import { RelayedViewers } from "./relayed-viewer.ts";
import { nameParameter, newRouter, refusal } from "./router.ts";
import type { SocketService } from "./sockets.ts";
import { hostedTank } from "./tank-view.ts";
import type { Viewers } from "./viewers.ts";

/** RFC 6455 section 7.4.1: without a closing handshake. */
const CLOSE_NEVER_OPENED = 1006;

const watch = createRoute({
  method: "get",
  path: "/ws/{tank_id}",
  tags: ["tanks"],
  summary: "Watch a tank of any node: a WebSocket that sends one hello, then frames",
  request: { params: z.object({ tank_id: nameParameter }) },
  responses: { 101: { description: "Frames follow" }, default: refusal },
});

/** Viewers of this node's tanks, and of those that other nodes host. */
export function watchRoutes(context: ApiContext, viewers: Viewers): OpenAPIHono<ApiEnv> {
  const { cluster } = context;
  const routes = newRouter();
  const relayed = new RelayedViewers(context);
  routes.openAPIRegistry.registerPath(watch);
  routes.get("/ws/:tank_id", async (c) => {
    const tankId = c.req.param("tank_id");
    const place = context.tanks.get(tankId) ? undefined : cluster.locate(tankId);
    if (place === undefined || place.is_local) {
      const { row } = hostedTank(context, place?.tank.tank_id ?? tankId);
      return upgrade(
        c,
        viewers.admit(row.tank_id, c.env.remoteAddress),
        answeredBy("owner", cluster.nodeId),
      );
    }
    refuseOrdinary(c);
    const viewer = await relayed.admit({
      nodeId: place.node_id,
      tankId: place.tank.tank_id,
      source: c.env.remoteAddress,
      isRelayed: c.req.header(RELAYED_BY) !== undefined,
    });
    const who = answeredBy("owner", place.node_id);
    return upgrade(c, viewer, { ...who, [RELAYED_BY]: cluster.nodeId });
  });
  return routes;
}

function upgrade(
  c: ApiContextOf,
  service: SocketService,
  headers: Readonly<Record<string, string>>,
): Response {
  if (!c.env.upgrade(service, headers)) {
    // The client has gone, or its handshake is invalid: stop what was started for it.
    service.onClose(CLOSE_NEVER_OPENED, "");
    throw notAWebSocket();
  }
  // The connection is no longer HTTP; this answer is discarded.
  return new Response(null);
}

/** Checked before another node is asked. */
function refuseOrdinary(c: ApiContextOf): void {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") throw notAWebSocket();
}

function notAWebSocket(): DetailedProblem {
  const headers = { upgrade: "websocket", connection: "Upgrade" };
  return new DetailedProblem("bad_request", "Open this address as a WebSocket", { headers });
}
