import { createRoute } from "@hono/zod-openapi";
import { TUNNEL_PATH } from "../cluster/tunnel/messages.ts";
import { LIMITS } from "../platform/limits.ts";
import type { ApiContext } from "./context.ts";
import { type ApiContextOf, wireOf } from "./env.ts";
import { DetailedProblem } from "./problems.ts";
import { refusal } from "./router.ts";
import type { ServedSocket, SocketService } from "./sockets.ts";

export const tunnelRoute = createRoute({
  method: "get",
  path: TUNNEL_PATH,
  tags: ["nodes"],
  summary:
    "A signed WebSocket of a node that cannot be dialled: requests to that node go through it",
  responses: { 101: { description: "Frames follow" }, default: refusal },
});

/** Opens a tunnel that ends here. */
export function openTunnel({ cluster }: ApiContext, c: ApiContextOf): Response {
  const bearer = { signer: c.get("signer"), remoteAddress: c.env.remoteAddress };
  const { listener, open } = cluster.tunnels.accept(bearer);
  const service: SocketService = {
    messagesPerSecond: LIMITS.tunnelMessagesPerSecond,
    onOpen: (socket: ServedSocket) => open(socket),
    onMessage: (message) => listener.onMessage(message),
    onClose: (code, reason) => listener.onClose(code, reason),
  };
  if (c.env.upgrade(service, cluster.relays.proofOf(wireOf(c)))) return new Response(null);
  const headers = { upgrade: "websocket", connection: "Upgrade" };
  throw new DetailedProblem("bad_request", "Open this address as a WebSocket", { headers });
}
