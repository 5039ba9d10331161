import { type Verifier, verifyRequest } from "../../../src/cluster/identity/signature.ts";
import type { PeerReply, PeerRequest, PeerRoute } from "../../../src/cluster/peer-route.ts";
import { messageOf, PROBLEMS, Problem, type ProblemCode } from "../../../src/platform/errors.ts";
import type { Log } from "../../../src/telemetry/log.ts";

/** A request as it came over the wire, its body bounded and read as text. Header names in lower case. */
export interface WireRequest {
  readonly method: string;
  readonly authority: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  readonly remoteAddress: string;
  readonly controlled: boolean;
}

/**
 * Answers requests with routes, without any web framework: checks the signature, finds the route,
 * reads the body by the route's schema and turns problems into problem+json (RFC 9457).
 */
export function createPeerRouter(
  routes: readonly PeerRoute[],
  verifier: Verifier,
  log: Log,
): (request: WireRequest) => Promise<PeerReply> {
  const compiled = routes.map((route) => ({ route, pattern: compile(route.path) }));
  return async (request) => {
    try {
      const url = new URL(request.path, "http://node");
      const verdict = verifyRequest(request, request.headers, verifier);
      if (verdict.kind === "bad") throw new Problem("bad_signature", verdict.reason);
      const signer = verdict.kind === "signed" ? verdict.nodeId : undefined;
      for (const { route, pattern } of compiled) {
        const match = route.method === request.method ? pattern.exec(url.pathname) : null;
        if (!match) continue;
        return await route.handle({
          params: decodeParams(match.groups ?? {}),
          query: Object.fromEntries(url.searchParams),
          body: readBody(route, request.body),
          signer,
          controlled: request.controlled,
          remoteAddress: request.remoteAddress,
          wire: request,
        } satisfies PeerRequest);
      }
      throw new Problem("not_found", `There is nothing at ${url.pathname}.`);
    } catch (error) {
      if (error instanceof Problem) return problemReply(error.code, error.message);
      log.error("a route failed", { path: request.path, reason: messageOf(error) });
      return problemReply("internal", "The request met a bug; the log says more.");
    }
  };
}

/** RFC 9457. */
export function problemReply(code: ProblemCode, detail: string): PeerReply {
  const { status, title } = PROBLEMS[code];
  return { status, body: { type: `urn:tankd:problem:${code}`, title, status, detail } };
}

/** `/a/{b}` as a pattern with a group named `b`. */
function compile(path: string): RegExp {
  const source = path.replace(/[.]/g, "\\.").replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return new RegExp(`^${source}$`);
}

function decodeParams(groups: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    throw new Problem("bad_request", "The path is not percent-encoded UTF-8.");
  }
}

function readBody(route: PeerRoute, text: string): unknown {
  if (!route.request || text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("bad_request", "The body is not JSON.");
  }
}
