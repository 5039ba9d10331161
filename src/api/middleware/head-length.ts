import type { ApiMiddleware } from "../env.ts";

/**
 * Sets the Content-Length of HEAD to that of GET (RFC 9110 §9.3.2): the router later removes the
 * body, and its length with it. No route streams its body.
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
