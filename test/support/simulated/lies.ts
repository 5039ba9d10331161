import type { Identity } from "../../../src/cluster/identity/identity.ts";
import { prove } from "../../../src/cluster/identity/proof.ts";
import { signRequest } from "../../../src/cluster/identity/signature.ts";
import type { HttpRequest, Network } from "../../../src/platform/network.ts";
import type { RequestHandler } from "../../../src/platform/simulated/messages.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";

/** A body on its way out of a node, by the path of its request; what it returns is said instead. */
export type Lie = (path: string, body: Record<string, unknown>) => Record<string, unknown>;

/** The network of a node that lies in its requests: changed bodies, signed again by its own key. */
export function lyingNetwork(process: SimulatedProcess, identity: Identity, lie: Lie): Network {
  return {
    resolve: (name) => process.network.resolve(name),
    send: (request) => process.network.send(resigned(process, identity, request, lie)),
  };
}

/** The handler of a node that lies in its answers: changed bodies, proven again by its own key. */
export function lyingHandler(
  handler: RequestHandler,
  identity: Identity,
  lie: Lie,
): RequestHandler {
  return async (request) => {
    const response = await handler(request);
    const said = objectIn(response.body);
    const challenge = objectIn(request.body)?.["challenge"];
    if (!said || typeof challenge !== "string" || !("proof" in said)) return response;
    const { proof: _, ...body } = said;
    const changed = prove(identity, challenge, lie(request.path, body));
    return { ...response, body: JSON.stringify(changed) };
  };
}

function resigned(
  { clock, random }: SimulatedProcess,
  identity: Identity,
  request: HttpRequest,
  lie: Lie,
): HttpRequest {
  const said = objectIn(request.body);
  if (!said || request.headers["signature"] === undefined) return request;
  const body = JSON.stringify(lie(request.path, said));
  const { method, path, origin, headers } = request;
  const audience = headers["tankd-audience"];
  const parts = { method, authority: new URL(origin).host, path, body };
  const options = audience === undefined ? {} : { audience };
  const signed = signRequest(identity, parts, clock, random, options);
  return { ...request, headers: { ...headers, ...signed }, body };
}

function objectIn(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
