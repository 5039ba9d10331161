import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { ANSWERED_BY, answerer, RELAYED_BY } from "../cluster/answered-by.ts";
import type { ApiContext } from "./context.ts";
import { type ApiContextOf, type ApiEnv, wireOf } from "./env.ts";
import type { PeerGuard } from "./peer-guard.ts";
import { DetailedProblem } from "./problems.ts";
import { RelayedViewers } from "./relayed-viewer.ts";
import { nameParameter, newRouter, refusal } from "./router.ts";
import type { SocketService } from "./sockets.ts";
import { hostedTank } from "./tank-view.ts";
import type { Viewers } from "./viewers.ts";
import { whereIs } from "./whereabouts.ts";

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
export function watchRoutes(
  context: ApiContext,
  viewers: Viewers,
  { forOthers }: PeerGuard,
): OpenAPIHono<ApiEnv> {
  const { cluster } = context;
  const routes = newRouter();
  const relayed = new RelayedViewers(context);
  /** Other nodes, who sign for this one, are shown a proof of what is said of the host. */
  const upgrade = (c: ApiContextOf, service: SocketService, who: string): Response => {
    const proof = c.var.signer === undefined ? {} : cluster.relays.proofOf(wireOf(c), who);
    const isOwn = who === answerer("owner", cluster.nodeId);
    const by = { [ANSWERED_BY]: who, ...(isOwn ? {} : { [RELAYED_BY]: cluster.nodeId }) };
    return upgraded(c, service, { ...by, ...proof });
  };
  routes.openAPIRegistry.registerPath(watch);
  routes.on("GET", ["/ws/:tank_id"], ...forOthers, async (c) => {
    const tankId = c.req.param("tank_id");
    const place = whereIs(context, tankId);
    if (place === undefined || place.is_local) {
      const { row } = hostedTank(context, place?.tank.tank_id ?? tankId);
      const viewer = viewers.admit(row.tank_id, c.env.remoteAddress);
      return upgrade(c, viewer, answerer("owner", cluster.nodeId));
    }
    refuseOrdinary(c);
    const { viewer, who } = await relayed.admit({
      nodeId: place.node_id,
      tankId: place.tank.tank_id,
      source: c.env.remoteAddress,
      relays: (c.req.header(RELAYED_BY) ?? "").split(", ").filter((one) => one !== ""),
    });
    return upgrade(c, viewer, who);
  });
  return routes;
}

function upgraded(
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
