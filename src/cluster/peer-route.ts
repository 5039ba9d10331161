import type { z } from "zod";

/** A request as it came over the wire: what its signature covers, for those who pass it on. */
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
  /** The node whose key signed this request; undefined when it was not signed. */
  readonly signer: string | undefined;
  /** That key, base64url. */
  readonly signerKey: string | undefined;
  /** Whether the control token came with it. */
  readonly controlled: boolean;
  /** IP of the remote end of the connection, or of the client that a trusted proxy names. */
  readonly remoteAddress: string;
  /** Undefined for what this node asks of itself. */
  readonly wire?: WireRequest;
}

export interface PeerReply {
  readonly status: number;
  readonly body: unknown;
  /** Further response headers, names in lower case, e.g. `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One route of the protocol between nodes, free of any web framework: the API mounts it, the
 * seeded simulator calls it. `handle` throws Problem for everything that is refused.
 */
export interface PeerRoute {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `{name}` for parameters, as in OpenAPI. */
  readonly path: string;
  readonly summary: string;
  /** What the query may have; `handle` reads it for itself. */
  readonly query?: z.ZodObject;
  readonly request?: z.ZodType;
  readonly response: z.ZodType;
  /** The status of `response`; 200 when it is left out. */
  readonly status?: number;
  handle(request: PeerRequest): Promise<PeerReply>;
}
