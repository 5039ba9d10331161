import { z } from "zod";
import type { PeerReply } from "../peer-route.ts";
import { readBody } from "../read-body.ts";
import type { Claimant } from "../registry/claimant.ts";
import type { Registrar } from "../registry/registrar.ts";
import { heartbeatSchema, registrationSchema } from "../registry/registration-messages.ts";
import { DEFAULT_INTERVAL_MS, offlineAfter } from "../registry/registry-entry.ts";

/** The part of a request that an endpoint reads. */
export interface EndpointRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** An endpoint at the hub, for requests sent directly and for those that a node has passed on. */
export interface ForwardedEndpoint {
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly request?: z.ZodType;
  readonly response: z.ZodType;
  readonly status: number;
  answer(request: EndpointRequest, claimant: Claimant): PeerReply;
}

const registeredSchema = z.object({
  registered: z.boolean(),
  /** `confirming`: another party has named the node, and it is being dialled. */
  status: z.enum(["registered", "confirming"]),
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

/**
 * A server of the second family learns its interval from the answer (seed 003), and is judged by
 * it.
 */
const TOLD_INTERVAL_MS = 10_000;

/** Registration, heartbeat and removal in the forms of both reference documents. */
export function registrationEndpoints(registrar: Registrar): readonly ForwardedEndpoint[] {
  return [
    register(registrar, "/api/discovery/register", 200, DEFAULT_INTERVAL_MS),
    register(registrar, "/discovery/register", 201, TOLD_INTERVAL_MS),
    heartbeat(registrar, "/api/discovery/heartbeat/{server_id}", DEFAULT_INTERVAL_MS),
    heartbeat(registrar, "/discovery/{server_id}/heartbeat", TOLD_INTERVAL_MS),
    unregister(registrar, "/api/discovery/unregister/{server_id}"),
    unregister(registrar, "/discovery/{server_id}"),
  ];
}

function register(
  registrar: Registrar,
  path: string,
  status: number,
  defaultIntervalMs: number,
): ForwardedEndpoint {
  return {
    method: "POST",
    path,
    summary: "Registers a server with the hub; a node that another one names is dialled",
    request: registrationSchema,
    response: registeredSchema,
    status,
    answer: (request, claimant) => {
      const body = readBody(registrationSchema, request.body);
      const outcome = registrar.register(body, claimant, defaultIntervalMs);
      return {
        status,
        body: {
          registered: true,
          status: outcome.status,
          server_id: outcome.serverId,
          heartbeat_interval: outcome.intervalMs / 1000,
          heartbeat_timeout: secondsUntilOffline(outcome.intervalMs),
        },
      };
    },
  };
}

function heartbeat(
  registrar: Registrar,
  path: string,
  defaultIntervalMs: number,
): ForwardedEndpoint {
  return {
    method: "POST",
    path,
    summary: "A server is still there; a whole record registers it where it is not listed",
    request: heartbeatSchema.nullish(),
    response: beatenSchema,
    status: 200,
    answer: ({ params, body }, claimant) => {
      const figures = readBody(heartbeatSchema, body ?? {});
      const { serverId, intervalMs } = registrar.beat(
        params["server_id"] ?? "",
        figures,
        claimant,
        defaultIntervalMs,
      );
      const ttl = secondsUntilOffline(intervalMs);
      return {
        status: 200,
        body: { acknowledged: true, status: "ok", server_id: serverId, ttl },
      };
    },
  };
}

function unregister(registrar: Registrar, path: string): ForwardedEndpoint {
  return {
    method: "DELETE",
    path,
    summary: "A server leaves",
    query: z.object({ boot_id: z.string().optional() }),
    response: unregisteredSchema,
    status: 200,
    answer: ({ params, query }, claimant) => {
      const serverId = params["server_id"] ?? "";
      registrar.unregister(serverId, query["boot_id"], claimant);
      return { status: 200, body: { unregistered: true, server_id: serverId } };
    },
  };
}

function secondsUntilOffline(intervalMs: number): number {
  return offlineAfter(intervalMs) / 1000;
}
