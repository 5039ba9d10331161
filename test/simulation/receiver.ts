import { type Verifier, verifyRequest } from "../../src/cluster/identity/signature.ts";
import type { PeerReply, PeerRequest, PeerRoute } from "../../src/cluster/peer-route.ts";
import { PROBLEMS, Problem } from "../../src/platform/errors.ts";
import type { HttpResponse } from "../../src/platform/network.ts";
import type { IncomingRequest } from "../../src/platform/simulated/network.ts";

/**
 * What the API does for a request between nodes, without a web server: check the signature, find
 * the route, turn a Problem into its status. The handlers behind it are the product's own.
 */
export function receiver(routes: readonly PeerRoute[], verifier: () => Verifier) {
  const table = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return async function receive(request: IncomingRequest): Promise<HttpResponse> {
    const url = new URL(request.path, request.origin);
    const entry = table.find(
      ({ route, pattern }) => route.method === request.method && pattern.test(url.pathname),
    );
    if (!entry) return answer({ status: 404, body: { type: "urn:tankd:problem:not_found" } });
    const { method, path, headers, body = "" } = request;
    const wire = { method, authority: url.host, path, headers, body };
    const verdict = verifyRequest(wire, headers, verifier());
    if (verdict.kind === "bad") return refuse(new Problem("bad_signature", verdict.reason));
    const params = entry.pattern.exec(url.pathname)?.groups ?? {};
    const peerRequest: PeerRequest = {
      params,
      query: Object.fromEntries(url.searchParams),
      body: request.body === undefined ? undefined : JSON.parse(request.body),
      signer: verdict.kind === "signed" ? verdict.nodeId : undefined,
      controlled: false,
      remoteAddress: request.remoteAddress,
      wire,
    };
    try {
      return answer(await entry.route.handle(peerRequest));
    } catch (error) {
      // Anything but a Problem is a bug; the simulated network ends the run with it.
      if (error instanceof Problem) return refuse(error);
      throw error;
    }
  };
}

function patternOf(path: string): RegExp {
  const escaped = path.replaceAll(".", "\\.");
  return new RegExp(`^${escaped.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
}

function refuse(problem: Problem): HttpResponse {
  const { status, title } = PROBLEMS[problem.code];
  const type = `urn:tankd:problem:${problem.code}`;
  return answer({ status, body: { type, status, title, detail: problem.message } });
}

function answer(reply: PeerReply): HttpResponse {
  const headers = { "content-type": "application/json" };
  return { status: reply.status, headers, body: JSON.stringify(reply.body) };
}
