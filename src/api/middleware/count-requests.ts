import type { Metrics } from "../../telemetry/metrics.ts";
import type { ApiMiddleware } from "../env.ts";

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Counts answers by method and status; unknown methods share one label. */
export function countRequests(options: { readonly meter: Metrics }): ApiMiddleware {
  return async function countRequests(c, next) {
    await next();
    const method = METHODS.has(c.req.method) ? c.req.method : "other";
    options.meter.count("tankd_http_requests_total", { method, status: String(c.res.status) });
  };
}
