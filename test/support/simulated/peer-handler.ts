import { type Verifier, verifyRequest } from "../../../src/cluster/identity/signature.ts";
import type { PeerReply, PeerRoute } from "../../../src/cluster/peer-route.ts";
import { PROBLEMS, Problem } from "../../../src/platform/errors.ts";
import type { HttpResponse } from "../../../src/platform/network.ts";
import type { IncomingRequest, RequestHandler } from "../../../src/platform/simulated/messages.ts";

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
): RequestHandler {
  const table = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  const answer = async (request: IncomingRequest): Promise<PeerReply> => {
    const url = new URL(request.path, request.origin);
    const { method, path, headers, body = "" } = request;
    const wire = { method, authority: url.host, path, headers, body };
    const verdict = verifyRequest(wire, headers, verifier());
    if (verdict.kind === "bad") throw new Problem("bad_signature", verdict.reason);
    const isSigned = verdict.kind === "signed";
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

function problemReply({ code, message }: Problem): PeerReply {
  const { status, title } = PROBLEMS[code];
  return { status, body: { type: `urn:tankd:problem:${code}`, title, status, detail: message } };
}

function responseOf({ status, body }: PeerReply): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json" },
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
