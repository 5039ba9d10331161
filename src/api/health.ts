import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { rfc3339 } from "../platform/clock.ts";
import type { HostedTank } from "../tanks/tanks.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { DetailedProblem } from "./problems.ts";
import { json, newRouter, refusal } from "./router.ts";

const healthSchema = z.object({
  status: z.enum(["healthy", "recovering"]),
  node_id: z.string(),
  server_id: z.string(),
  mode: z.enum(["server", "proxy"]).describe("server: this node is the hub; proxy: it has one"),
  timestamp: z.string(),
});

const checkSchema = z.object({ name: z.string(), ok: z.boolean(), detail: z.string() });
type Check = z.infer<typeof checkSchema>;

const tags = ["health"];

const health = (path: "/health" | "/api/health") =>
  createRoute({
    method: "get",
    path,
    tags,
    summary: "Whether the process is alive",
    responses: { 200: json(healthSchema, "It is"), default: refusal },
  });

const ready = createRoute({
  method: "get",
  path: "/ready",
  tags,
  summary: "Whether the node can do its work: 200 or 503",
  request: {
    query: z.object({ verbose: z.string().optional().describe("Names every check") }),
  },
  responses: {
    200: json(z.object({ ready: z.literal(true), checks: z.array(checkSchema).optional() }), "Yes"),
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

/** Tanks that are stopped, named one by one; the rest of a long list is counted. */
const STOPPED_NAMED_MAX = 20;

/** Stopped tanks stop no others: the node can do its work, and says what is missing of it. */
function tanksCheck(tanks: readonly HostedTank[]): Check {
  const stopped = tanks.filter((tank) => tank.status === "stopped");
  const named = stopped
    .slice(0, STOPPED_NAMED_MAX)
    .map(({ row, reason }) => `${row.name} (${row.tank_id}): ${reason ?? "no reason known"}`);
  const more = stopped.length - named.length;
  const list = [...named, ...(more > 0 ? [`${more} more`] : [])].join("; ");
  const detail = `${stopped.length} of ${tanks.length} stopped${list === "" ? "" : `: ${list}`}`;
  return { name: "tanks", ok: true, detail };
}

/** What must hold before work is sent here. */
function checksOf({ phase, tanks, cluster }: ApiContext): Check[] {
  const { role } = cluster;
  const { fenced } = cluster.positions;
  const fault = tanks.storageFault;
  return [
    { name: "phase", ok: phase() === "healthy", detail: phase() },
    { name: "storage", ok: fault === undefined, detail: fault ?? "takes writes" },
    { name: "directory", ok: fenced === undefined, detail: fenced?.message ?? "is in one place" },
    { name: "role", ok: role !== "discovering", detail: role },
    tanksCheck(tanks.list()),
  ];
}

/** What load balancers, probes and scrapers ask. */
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
    const failed = checks.filter((check) => !check.ok);
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
