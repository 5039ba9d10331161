import type { ApiMiddleware } from "../env.ts";

/**
 * Gives the answer to HEAD the length that GET would have (RFC 9110 §9.3.2). The router drops the
 * body later, and with it its length. No route streams: a body is here as a whole.
 */
export function headLength(): ApiMiddleware {
  return async function headLength(c, next) {
    await next();
    if (c.req.method !== "HEAD" || c.res.body === null || c.res.headers.has("content-length")) {
      return;
    }
    const { byteLength } = await c.res.clone().arrayBuffer();
    c.res.headers.set("content-length", String(byteLength));
  };
}
