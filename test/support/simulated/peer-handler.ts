import type { Cluster } from "../../../src/cluster/cluster.ts";
import { CROWDED, type Verifier, verifyRequest } from "../../../src/cluster/identity/signature.ts";
import type { PeerReply, PeerRoute } from "../../../src/cluster/peer-route.ts";
import { TUNNEL_PATH } from "../../../src/cluster/tunnel/messages.ts";
import type { LocalService } from "../../../src/cluster/tunnel/node-end.ts";
import { shareKey } from "../../../src/discovery/addresses.ts";
import { PROBLEMS, Problem } from "../../../src/platform/errors.ts";
import type { HttpResponse } from "../../../src/platform/network.ts";
import type { IncomingRequest, RequestHandler } from "../../../src/platform/simulated/messages.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";
import { type IncomingSocket, UPGRADE_HEADER } from "../../../src/platform/simulated/sockets.ts";
import { SWITCHING_PROTOCOLS } from "../../../src/platform/sockets.ts";

/** What a node does for others beside its routes. */
export interface Relaying
  extends Pick<Cluster["relays"], "passOn" | "proofOf">,
    Pick<Cluster["tunnels"], "accept"> {
  readonly grant: (key: string, incoming: IncomingSocket) => void;
}

/** Requests with this header come from the operator. */
export const CONTROL = { authorization: "Bearer secret" } as const;

/**
 * What the API does for requests between nodes, without a web server: checks the signature, finds
 * the route and turns a Problem into problem+json (RFC 9457). The handlers behind it are the
 * product's own. Any other error is a bug, and the simulated network ends the run with it.
 */
export function peerHandler(
  routes: readonly PeerRoute[],
  verifier: () => Verifier,
  relaying?: Relaying,
): RequestHandler {
  const table = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  const answer = async (request: IncomingRequest): Promise<PeerReply> => {
    const url = new URL(request.path, request.origin);
    const { method, path, headers, body = "" } = request;
    const wire = { method, authority: url.host, path, headers, body };
    const verdict = verifyRequest(wire, headers, verifier(), shareKey(request.remoteAddress));
    if (verdict.kind === "crowded") throw new Problem("too_many", CROWDED);
    if (verdict.kind === "bad") throw new Problem("bad_signature", verdict.reason);
    if (verdict.kind === "misdirected") {
      const reply = await relaying?.passOn(verdict.audience, wire, {
        signer: undefined,
        remoteAddress: request.remoteAddress,
      });
      if (reply) return { ...reply, body: JSON.parse(reply.body) };
      throw new Problem("bad_signature", `meant for ${verdict.audience}`);
    }
    const isSigned = verdict.kind === "signed";
    const key = headers[UPGRADE_HEADER];
    if (relaying && url.pathname === TUNNEL_PATH && key !== undefined) {
      const signer = isSigned ? verdict.nodeId : undefined;
      const { remoteAddress } = request;
      relaying.grant(key, relaying.accept({ signer, remoteAddress }));
      return { status: SWITCHING_PROTOCOLS, headers: relaying.proofOf(wire), body: "" };
    }
    for (const { route, pattern } of table) {
      const match = route.method === request.method ? pattern.exec(url.pathname) : null;
      if (!match) continue;
      return route.handle({
        params: decoded(match.groups ?? {}),
        query: Object.fromEntries(url.searchParams),
        body: route.request ? parsed(request.body) : undefined,
        signer: isSigned ? verdict.nodeId : undefined,
        signerKey: isSigned ? verdict.publicKey : undefined,
        controlled: request.headers["authorization"] === CONTROL.authorization,
        remoteAddress: request.remoteAddress,
        wire,
      });
    }
    throw new Problem("not_found", `There is nothing at ${url.pathname}.`);
  };
  return async (request) => {
    try {
      return responseOf(await answer(request));
    } catch (error) {
      if (error instanceof Problem) return responseOf(problemReply(error));
      throw error;
    }
  };
}

/** A process that answers other nodes at a port, and what comes down its tunnel. */
export function servePeers(
  process: SimulatedProcess,
  port: number,
  node: {
    readonly cluster: Pick<Cluster, "relays" | "tunnels" | "serveWith" | "nodeId">;
    readonly routes: readonly PeerRoute[];
    readonly verifier: () => Verifier;
    /** In the place of the handler, which it may call. */
    readonly wrap?: (handler: RequestHandler) => RequestHandler;
  },
): void {
  const { cluster, routes, verifier, wrap = (handler) => handler } = node;
  const handler = peerHandler(routes, verifier, {
    accept: (bearer) => cluster.tunnels.accept(bearer),
    passOn: (nodeId, request, bearer) => cluster.relays.passOn(nodeId, request, bearer),
    proofOf: (request, answeredBy) => cluster.relays.proofOf(request, answeredBy),
    grant: (key, incoming) => process.grant(key, incoming),
  });
  process.listen(port, wrap(handler));
  cluster.serveWith(behindTunnel(cluster.nodeId, handler));
}

/** What a node answers that no port leads to. */
export function behindTunnel(nodeId: string, handler: RequestHandler): LocalService {
  return {
    answer: async ({ method, path, headers, body }, source) => {
      const { status, body: text } = await handler({
        method,
        origin: `http://${nodeId}`,
        path,
        headers: JSON.parse(JSON.stringify(headers)),
        ...(body === "" ? {} : { body }),
        timeoutMs: 0,
        responseBytesMax: 0,
        remoteAddress: source,
      });
      return { status, headers: {}, body: text };
    },
    watch: () => {
      throw new Problem("not_found", "Nobody watches in a simulation.");
    },
  };
}

function problemReply({ code, message }: Problem): PeerReply {
  const { status, title } = PROBLEMS[code];
  return { status, body: { type: `urn:tankd:problem:${code}`, title, status, detail: message } };
}

function responseOf({ status, body, headers }: PeerReply): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body) ?? "",
  };
}

/** `/a/{b}` as a pattern with a group named `b`. */
function patternOf(path: string): RegExp {
  const source = path.replaceAll(".", "\\.").replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return new RegExp(`^${source}$`);
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    throw new Problem("bad_request", "The path is not percent-encoded UTF-8.");
  }
}

function parsed(text: string | undefined): unknown {
  if (text === undefined || text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("bad_request", "The body is not JSON.");
  }
}
