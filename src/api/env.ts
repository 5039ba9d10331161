import type { Context, MiddlewareHandler } from "hono";

/** What the adapter hands in with every request, and what middleware finds out about it. */
export interface ApiEnv {
  Bindings: {
    /** IP of the other end of the connection. */
    readonly remoteAddress: string;
    /** Turns this request into a viewer of the tank; false when it is no WebSocket handshake. */
    readonly upgrade: (tankId: string) => boolean;
  };
  Variables: {
    /** The body as it came, for signatures; empty when there was none. */
    bodyText: string;
    /** The body as JSON; undefined when there was none. */
    body: unknown;
    /** The node whose key signed the request. */
    signer: string | undefined;
    /** Whether the control token came with the request. */
    controlled: boolean;
  };
}

export type ApiContextOf = Context<ApiEnv>;
export type ApiMiddleware = MiddlewareHandler<ApiEnv>;

/** Methods that change nothing (RFC 9110 §9.2.1). */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
