import { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import type { PeerReply, PeerRequest, PeerRoute } from "../peer-route.ts";
import { plainAddress } from "../peers/dial-policy.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import { readBody } from "../read-body.ts";
import type { Registrar } from "../registry/registrar.ts";
import { DEFAULT_INTERVAL_MS, type Entry, offlineAfter } from "../registry/registry-entry.ts";
import { heartbeatSchema, registrationSchema } from "../wire.ts";

export interface DiscoveryRoutesDeps {
  readonly registrar: Registrar;
  readonly client: PeerClient;
  readonly isHub: () => boolean;
  /** The hub that we follow. */
  readonly hub: () => string | undefined;
  readonly timeoutMs: number;
  /** Our hub has said that it leaves. */
  readonly onHubLeft: (hub: string) => void;
}

const registeredSchema = z.object({
  registered: z.boolean(),
  status: z.string(),
  server_id: z.string(),
  heartbeat_interval: z.number(),
  heartbeat_timeout: z.number(),
});
const beatenSchema = z.object({
  acknowledged: z.boolean(),
  status: z.string(),
  server_id: z.string(),
  ttl: z.number(),
});
const unregisteredSchema = z.object({ unregistered: z.boolean(), server_id: z.string() });

/** A server of the second family is told its interval in the answer (seed 003), and judged by it. */
const TOLD_INTERVAL_MS = 10_000;

/** Registration in the forms of both reference documents. A node that is not hub passes it on. */
export function discoveryRoutes(withDeps: DiscoveryRoutesDeps): readonly PeerRoute[] {
  return [
    registerRoute("/api/discovery/register", 200, DEFAULT_INTERVAL_MS, withDeps),
    registerRoute("/discovery/register", 201, TOLD_INTERVAL_MS, withDeps),
    heartbeatRoute("/api/discovery/heartbeat/{server_id}", withDeps),
    heartbeatRoute("/discovery/{server_id}/heartbeat", withDeps),
    unregisterRoute("/api/discovery/unregister/{server_id}", withDeps),
    unregisterRoute("/discovery/{server_id}", withDeps),
  ];
}

function registerRoute(
  path: string,
  status: number,
  defaultIntervalMs: number,
  withDeps: DiscoveryRoutesDeps,
): PeerRoute {
  return {
    method: "POST",
    path,
    summary: "Registers a server with the hub",
    request: registrationSchema,
    response: registeredSchema,
    status,
    handle: async (request) => {
      const body = readBody(registrationSchema, request.body);
      if (!withDeps.isHub()) return forward(withDeps, "POST", path, request, body);
      const entry = withDeps.registrar.register(body, request, defaultIntervalMs);
      return {
        status,
        body: {
          registered: true,
          status: "registered",
          server_id: entry.record.server_id,
          heartbeat_interval: entry.intervalMs / 1000,
          heartbeat_timeout: ttlOf(entry),
        },
      };
    },
  };
}

function heartbeatRoute(path: string, withDeps: DiscoveryRoutesDeps): PeerRoute {
  return {
    method: "POST",
    path,
    summary: "A registered server is still there; its record or figures may come along",
    request: heartbeatSchema.nullish(),
    response: beatenSchema,
    handle: async (request) => {
      const serverId = request.params["server_id"] ?? "";
      const body = readBody(heartbeatSchema, request.body ?? {});
      if (!withDeps.isHub()) {
        return forward(withDeps, "POST", fill(path, serverId), request, body);
      }
      const entry = withDeps.registrar.beat(serverId, body, request);
      const { server_id } = entry.record;
      return {
        status: 200,
        body: { acknowledged: true, status: "ok", server_id, ttl: ttlOf(entry) },
      };
    },
  };
}

function unregisterRoute(path: string, withDeps: DiscoveryRoutesDeps): PeerRoute {
  return {
    method: "DELETE",
    path,
    summary: "A server leaves",
    response: unregisteredSchema,
    handle: async (request) => {
      const serverId = request.params["server_id"] ?? "";
      const answer = { status: 200, body: { unregistered: true, server_id: serverId } };
      if (withDeps.isHub()) {
        withDeps.registrar.unregister(serverId, request);
        return answer;
      }
      const hub = withDeps.hub();
      if (hub !== undefined && request.signer === hub) {
        withDeps.onHubLeft(hub);
        return answer;
      }
      return forward(withDeps, "DELETE", fill(path, serverId), request, undefined);
    },
  };
}

/** @throws Problem `not_ready` without a hub, `unreachable` when it does not answer. */
async function forward(
  { client, hub, timeoutMs }: DiscoveryRoutesDeps,
  method: "POST" | "DELETE",
  path: string,
  request: PeerRequest,
  body: object | undefined,
): Promise<PeerReply> {
  const to = hub();
  const passedOn =
    request.query["forwarded_for"] !== undefined || (body && "forwarded_for" in body);
  if (to === undefined || passedOn) {
    throw new Problem("not_ready", "This node follows no hub at the moment; try again shortly.");
  }
  const from = plainAddress(request.remoteAddress);
  const query = method === "DELETE" ? `?forwarded_for=${encodeURIComponent(from)}` : "";
  const forwarded = body && { ...body, forwarded_for: from };
  try {
    return await client.send(to, method, `${path}${query}`, forwarded, { timeoutMs });
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw new Problem("unreachable", "The hub does not answer; try again shortly.");
  }
}

function fill(path: string, serverId: string): string {
  return path.replace("{server_id}", encodeURIComponent(serverId));
}

/** Seconds until a silent server counts as offline. */
function ttlOf(entry: Entry): number {
  return offlineAfter(entry.intervalMs) / 1000;
}
