import type { z } from "zod";

/** A request as received: what its signature covers, for nodes that pass it on. */
export interface WireRequest {
  readonly method: string;
  /** The Host header. */
  readonly authority: string;
  /** Path with query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** A request of another node (or of curl), after its body was read, bounded and parsed. */
export interface PeerRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** The node whose key signed this request; undefined if it was not signed. */
  readonly signer: string | undefined;
  /** That key, base64url. */
  readonly signerKey: string | undefined;
  /** Whether the request carries the control token. */
  readonly controlled: boolean;
  /** IP of the remote end of the connection, or of the client that a trusted proxy reports. */
  readonly remoteAddress: string;
  /** Undefined for requests of this node to itself. */
  readonly wire?: WireRequest;
}

export interface PeerReply {
  readonly status: number;
  readonly body: unknown;
  /** Further response headers, names in lower case, e.g. `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One route of the protocol between nodes, without a web framework: the API mounts it, and the
 * seeded simulator calls it. `handle` throws Problem for every refusal.
 */
export interface PeerRoute {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `{name}` for parameters, as in OpenAPI. */
  readonly path: string;
  readonly summary: string;
  /** The query parameters; `handle` parses them itself. */
  readonly query?: z.ZodObject;
  readonly request?: z.ZodType;
  readonly response: z.ZodType;
  /** The status of `response`; default 200. */
  readonly status?: number;
  handle(request: PeerRequest): Promise<PeerReply>;
}
