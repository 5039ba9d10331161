import type { PeerRoute } from "../../cluster/peer-route.ts";
import { TUNNEL_PATH } from "../../cluster/tunnel/messages.ts";
import { isSafe } from "../env.ts";

/** What a request has to bring where its Host is not ours: nothing, or a signature. */
export type HostExemption = "open" | "signed";

export interface HostExemptions {
  /** Undefined for a route that answers under our own names only. */
  of(method: string, path: string, upgradesToSocket: boolean): HostExemption | undefined;
}

/**
 * Asked by probes, load balancers and programs that are not tankd, under whatever name they know.
 * They tell nothing that is secret, and a server that registers itself without a signature has no
 * rights.
 */
const OPEN: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/health"],
  ["GET", "/api/health"],
  ["GET", "/ready"],
  ["GET", "/metrics"],
  ["GET", "/.well-known/tankd"],
  ["POST", "/api/discovery/register"],
  ["POST", "/api/discovery/heartbeat/{server_id}"],
  ["DELETE", "/api/discovery/unregister/{server_id}"],
  ["POST", "/discovery/register"],
  ["POST", "/discovery/{server_id}/heartbeat"],
  ["DELETE", "/discovery/{server_id}"],
];

/** Of a viewer: another node that passes on what a tank shows. */
const WATCHING = patternOf("/ws/{tank_id}");

/**
 * Which routes answer under any Host. Of the routes between nodes those that change something, if
 * they are signed. Reading is not among them: a page can make a key and sign as well, and browsers
 * name the page (Origin) only where something may change, or for a WebSocket.
 */
export function hostExemptions(peerRoutes: readonly PeerRoute[]): HostExemptions {
  const open = OPEN.map(([method, path]) => ({ method, pattern: patternOf(path) }));
  const signed = peerRoutes
    .filter(({ method }) => !isSafe(method))
    .map(({ method, path }) => ({ method, pattern: patternOf(path) }))
    // A page that opens a WebSocket is named by its browser, and by fetch it reads a refusal.
    .concat({ method: "GET", pattern: patternOf(TUNNEL_PATH) });
  const has = (routes: typeof open, asked: string, path: string) =>
    routes.some(({ method, pattern }) => method === asked && pattern.test(path));
  return {
    of: (method, path, upgradesToSocket) => {
      const asked = method === "HEAD" ? "GET" : method;
      if (has(open, asked, path)) return "open";
      if (upgradesToSocket && WATCHING.test(path)) return "open";
      return has(signed, asked, path) ? "signed" : undefined;
    },
  };
}

/** Matches what the router takes for this path: one segment for each parameter. */
function patternOf(path: string): RegExp {
  const parts = path.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]+")}$`);
}
