import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { rfc3339 } from "../platform/clock.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { DetailedProblem } from "./problems.ts";
import { checkSchema, checksOf } from "./readiness.ts";
import { json, newRouter, refusal } from "./router.ts";

const healthSchema = z.object({
  status: z.enum(["healthy", "recovering"]),
  node_id: z.string(),
  server_id: z.string(),
  mode: z.enum(["server", "proxy"]).describe("server: this node is the hub; proxy: it has one"),
  timestamp: z.string(),
});

const tags = ["health"];

const health = (path: "/health" | "/api/health") =>
  createRoute({
    method: "get",
    path,
    tags,
    summary: "Liveness of the process",
    responses: { 200: json(healthSchema, "It is"), default: refusal },
  });

const ready = createRoute({
  method: "get",
  path: "/ready",
  tags,
  summary: "Readiness of the node: 200 or 503",
  request: {
    query: z.object({
      verbose: z.string().optional().describe("Lists every check, including informational ones"),
    }),
  },
  responses: {
    200: json(z.object({ ready: z.boolean(), checks: z.array(checkSchema).optional() }), "Yes"),
    default: refusal,
  },
});

const metrics = createRoute({
  method: "get",
  path: "/metrics",
  tags,
  summary: "Metrics in the Prometheus text format",
  responses: {
    200: {
      description: "The metrics",
      content: { "text/plain": { schema: z.string() } },
    },
    default: refusal,
  },
});

/** Routes for load balancers, probes and scrapers. */
export function healthRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { cluster, clock, phase } = context;
  const routes = newRouter();

  for (const path of ["/health", "/api/health"] as const) {
    routes.openapi(health(path), (c) => {
      const status = phase() === "recovering" ? ("recovering" as const) : ("healthy" as const);
      const mode = cluster.role === "hub" ? ("server" as const) : ("proxy" as const);
      const { nodeId: node_id, serverId: server_id } = cluster;
      const timestamp = rfc3339(clock.wallMs());
      return c.json({ status, node_id, server_id, mode, timestamp }, 200);
    });
  }
  routes.openapi(ready, (c) => {
    const checks = checksOf(context);
    const failed = checks.filter(({ ok, needed }) => needed && !ok);
    const verbose = c.req.valid("query").verbose !== undefined;
    if (failed.length > 0) {
      const reasons = failed.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
      throw new DetailedProblem("not_ready", reasons, { members: verbose ? { checks } : {} });
    }
    return c.json(verbose ? { ready: true as const, checks } : { ready: true as const }, 200);
  });
  routes.openapi(metrics, (c) => {
    const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
    return c.text(context.metrics(), 200, headers);
  });
  return routes;
}
