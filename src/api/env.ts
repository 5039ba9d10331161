import type { Context, MiddlewareHandler } from "hono";
import type { WireRequest } from "../cluster/peer-route.ts";
import type { SocketService } from "./sockets.ts";

/** Values of a request: from the adapter, and from middleware. */
export interface ApiEnv {
  Bindings: {
    /** IP of the remote end of the connection, or of the client that a trusted proxy names. */
    readonly remoteAddress: string;
    /** The scheme that a trusted proxy was asked with; undefined without such a proxy. */
    readonly scheme?: "http" | "https" | undefined;
    /** Another node has relayed the request; `remoteAddress` may be that node's. */
    readonly isPassedOn?: boolean;
    /** The node that has ordered it; an order is never passed on to a third one. */
    readonly orderedBy?: string;
    /** Disables the timeout of this request. */
    readonly patient: () => void;
    /** Upgrades the request to a WebSocket; false when it is not a handshake for one. */
    readonly upgrade: (
      service: SocketService,
      headers?: Readonly<Record<string, string>>,
    ) => boolean;
  };
  Variables: {
    /** The original body, for signatures; empty when there was none, unset before it is read. */
    bodyText: string | undefined;
    /** The body as JSON; undefined when there was none. */
    body: unknown;
    /** The body of an import. */
    archive: Uint8Array;
    /** The Host is not ours: only a signature may let the request pass. Unset where it is ours. */
    mustBeSigned: boolean | undefined;
    /** The node whose key signed the request. */
    signer: string | undefined;
    signerKey: string | undefined;
    /** Whether the control token came with the request. */
    controlled: boolean;
  };
}

export type ApiContextOf = Context<ApiEnv>;
export type ApiMiddleware = MiddlewareHandler<ApiEnv>;

/**
 * Path and query of a request's URL as they were sent. Not by `URL`, which refuses hosts that a
 * Host header may have (IPv6 with a zone), and such a request deserves an answer too.
 */
export function pathAndQuery(url: string): string {
  // HTTP/1.0 without a Host comes as the bare path.
  if (url.startsWith("/")) return url;
  const path = url.indexOf("/", url.indexOf("://") + 3);
  return path === -1 ? "/" : url.slice(path);
}

/** The request as it came, for signatures, and for those who pass it on. */
export function wireOf(c: ApiContextOf): WireRequest {
  return {
    method: c.req.method,
    authority: c.req.header("host") ?? "",
    path: pathAndQuery(c.req.url),
    headers: c.req.header(),
    body: c.get("bodyText") ?? "",
  };
}

/** The path as it was sent, without the query: what a problem names as its `instance`. */
export function pathOf(c: ApiContextOf): string {
  return pathAndQuery(c.req.raw.url).split("?")[0] ?? "/";
}

/** Whether it is a handshake for a WebSocket, which no page sends without its Origin. */
export function upgradesToSocket(c: ApiContextOf): boolean {
  return c.req.header("upgrade")?.toLowerCase() === "websocket";
}

/** Methods that change nothing (RFC 9110 §9.2.1). */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
