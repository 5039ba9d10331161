import { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import type { PeerReply, PeerRoute } from "../peer-route.ts";
import { plainAddress } from "../peers/dial-policy.ts";
import { problemReply } from "../problem-reply.ts";
import { readBody } from "../read-body.ts";
import { directClaimant } from "../registry/claimant.ts";
import { type Envelopes, FORWARD_PATH, type Forwarder } from "../registry/forwarding.ts";
import type { Registrar } from "../registry/registrar.ts";
import {
  type Forward,
  forwardSchema,
  registrationSchema,
} from "../registry/registration-messages.ts";
import {
  type EndpointRequest,
  type ForwardedEndpoint,
  registrationEndpoints,
} from "./registration-endpoints.ts";

export interface DiscoveryRoutesDeps {
  readonly registrar: Registrar;
  readonly envelopes: Envelopes;
  readonly forwarder: Forwarder;
  readonly isHub: () => boolean;
  /** @throws Problem `lease_lost` if this hub may not change the list at present. */
  readonly mayChange: () => void;
  /** The followed hub, and the URL of its API. */
  readonly hub: () => { readonly nodeId: string; readonly url: string | undefined } | undefined;
  /** Where others dial this node. */
  readonly ownHost: () => string;
  /** Further endpoints that a worker passes on to its hub. */
  readonly forwarded: readonly ForwardedEndpoint[];
  /** The hub has announced that it leaves. */
  readonly onHubLeft: (hub: string) => void;
}

/**
 * Registration in the forms of both reference documents. A node that is not the hub passes it on,
 * so a load balancer may be in front of all nodes.
 */
export function discoveryRoutes(withDeps: DiscoveryRoutesDeps): readonly PeerRoute[] {
  const endpoints = registrationEndpoints(withDeps.registrar);
  return [
    ...endpoints.map((endpoint) => registrationRoute(endpoint, withDeps)),
    forwardRoute([...endpoints, ...withDeps.forwarded], withDeps),
  ];
}

function registrationRoute(endpoint: ForwardedEndpoint, withDeps: DiscoveryRoutesDeps): PeerRoute {
  return {
    ...endpoint,
    handle: async (request) => {
      const { isHub, mayChange, hub, ownHost, onHubLeft, forwarder } = withDeps;
      const claimant = directClaimant(request, ownHost());
      const answerHere = () => {
        if (isHub()) mayChange();
        return endpoint.answer(request, claimant);
      };
      // A node that the operator names is dialled from here, at exactly the given address.
      if (isHub() || (request.controlled && namesNode(request.body))) return answerHere();
      const to = hub();
      if (endpoint.method === "DELETE" && to !== undefined && request.signer === to.nodeId) {
        onHubLeft(to.nodeId);
        return { status: 200, body: { unregistered: true, server_id: to.nodeId } };
      }
      if (to === undefined) throw noHub();
      if (endpoint.method === "DELETE" && request.controlled && request.signer === undefined) {
        return misdirected("Only the hub, with its own token, takes another server off.", to.url);
      }
      return forwarder.passOn(request, claimant, to.nodeId);
    },
  };
}

/**
 * Requests that other nodes pass on to their hub. One hop: a node that is not the hub answers which
 * node is.
 */
function forwardRoute(
  endpoints: readonly ForwardedEndpoint[],
  withDeps: DiscoveryRoutesDeps,
): PeerRoute {
  const matches = endpoints.map((endpoint) => ({ endpoint, pattern: patternOf(endpoint.path) }));
  return {
    method: "POST",
    path: FORWARD_PATH,
    summary: "What another node has received for the hub, with the signature that it came with",
    request: forwardSchema,
    response: z.looseObject({}),
    handle: async ({ body, signer, remoteAddress }) => {
      const { isHub, mayChange, hub, envelopes } = withDeps;
      if (!isHub()) {
        const to = hub();
        if (to === undefined) throw noHub();
        return misdirected("This node is not the hub.", to.url);
      }
      if (signer === undefined) {
        throw new Problem("bad_signature", "Only nodes may forward requests, and must sign them.");
      }
      const envelope = readBody(forwardSchema, body);
      const claimant = envelopes.open(envelope, signer, plainAddress(remoteAddress));
      const url = URL.parse(envelope.request.path, "http://hub");
      if (!url) throw malformed();
      for (const { endpoint, pattern } of matches) {
        const match = endpoint.method === envelope.request.method && pattern.exec(url.pathname);
        if (!match) continue;
        mayChange();
        return endpoint.answer(innerRequest(envelope, url, match.groups), claimant);
      }
      throw new Problem("not_found", "Only requests about the list of servers are forwarded.");
    },
  };
}

function innerRequest(
  { request }: Forward,
  url: URL,
  groups: Readonly<Record<string, string>> = {},
): EndpointRequest {
  try {
    const params = Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]);
    return {
      params: Object.fromEntries(params),
      query: Object.fromEntries(url.searchParams),
      body: request.body === "" ? undefined : JSON.parse(request.body),
    };
  } catch {
    throw malformed();
  }
}

function malformed(): Problem {
  return new Problem("bad_request", "The forwarded request is malformed.");
}

function namesNode(body: unknown): boolean {
  return typeof registrationSchema.safeParse(body).data?.node_id === "string";
}

function noHub(): Problem {
  return new Problem("not_ready", "This node follows no hub at the moment; try again shortly.");
}

function misdirected(detail: string, hubUrl: string | undefined): PeerReply {
  const where = hubUrl === undefined ? "" : ` Ask ${hubUrl}.`;
  return problemReply("misdirected", `${detail}${where}`, { hub_url: hubUrl ?? null });
}

/** `/a/{b}` as a pattern with a group named `b`. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
}
