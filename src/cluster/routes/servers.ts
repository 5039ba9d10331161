import { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import type { DescriptorUse } from "../../platform/machine.ts";
import type { ClusterView, ServerFilter } from "../cluster.ts";
import type { PeerRequest, PeerRoute } from "../peer-route.ts";
import {
  type AnnouncedTank,
  type AuditNote,
  type AutoConnection,
  announcedTankSchema,
  auditNoteSchema,
  autoConnectionSchema,
  type ServerRecord,
  serverRecordSchema,
} from "../server-record.ts";
import { termSchema } from "../wire.ts";
import { aloneSchema, backendSchema } from "./discovery-schemas.ts";
import { FILTERS, filterOf, filterQuerySchema } from "./server-filter.ts";

export interface ServerRoutesDeps {
  readonly view: () => ClusterView;
  readonly self: () => ServerRecord;
  readonly servers: (filter?: ServerFilter) => readonly ServerRecord[];
  /** Undefined if there is no secret, and thus no strangers. */
  readonly strangers: (filter: ServerFilter) => readonly ServerRecord[] | undefined;
  readonly server: (id: string) => ServerRecord | undefined;
  readonly ownTanks: () => readonly AnnouncedTank[];
  readonly autoConnection: () => AutoConnection;
  readonly audit: () => AuditNote | undefined;
  readonly descriptors: () => DescriptorUse | undefined;
  readonly heartbeatMs: number;
}

const localSchema = serverRecordSchema.extend({
  cluster: z.string(),
  /** Why it has its role, if its operator may not expect that. */
  role_reason: z.string().nullable(),
  hub: z
    .object({ server_id: z.string(), node_id: z.string().nullable(), api_url: z.string() })
    .nullable(),
  term: termSchema,
  backends: z.array(backendSchema),
  lease: z
    .object({
      url: z.string(),
      state: z.enum(["held", "taken", "free", "unknown"]),
      holder: z.string().nullable(),
      /** Whether this node, if it leads, may change the list of servers. */
      valid: z.boolean(),
      reason: z.string().nullable(),
      /** Why this node leaves it to others; null if it does not. */
      abstention: z.string().nullable(),
      /** A node that was met recently and uses another lease, or none. */
      stranger: z.object({ node_id: z.string(), lease: z.string().nullable() }).nullable(),
    })
    .nullable(),
  /**
   * Files and connections of the process: how many may be open at a time, and how many are; null
   * without a limit, or where the system does not tell.
   */
  descriptors: z.object({ limit: z.number().int(), open: z.number().int() }).nullable(),
  /** Null while any other server is there, and in the first ten seconds without. */
  alone: aloneSchema.nullable(),
  tanks: z.array(announcedTankSchema),
  auto_connection: autoConnectionSchema,
  /** Null until the first. */
  audit: auditNoteSchema.nullable(),
  heartbeat_interval: z.number(),
});

const listSchema = z.object({
  servers: z.array(serverRecordSchema),
  count: z.number().int(),
  /** Under a cluster secret: nodes that have not proven to know it. */
  strangers: z.array(serverRecordSchema).optional(),
});

const statusSchema = z.object({
  node_id: z.string(),
  mode: z.enum(["server", "proxy"]),
  role: z.string(),
  discovered_servers: z.record(
    z.string(),
    z.object({
      host: z.string(),
      port: z.number(),
      node_id: z.string().nullable(),
      mode: z.enum(["server", "proxy"]),
      last_seen: z.string(),
    }),
  ),
  service_info: z.record(z.string(), z.unknown()),
});

/** Routes by which any node answers for all servers: the lists, and its own record. */
export function serverRoutes(withDeps: ServerRoutesDeps): readonly PeerRoute[] {
  const { servers, server } = withDeps;
  const list = async (request: PeerRequest) => {
    const filter = filterOf(request.wire?.path ?? "");
    const found = servers(filter);
    const strangers = withDeps.strangers(filter);
    const body = { servers: found, count: found.length, ...(strangers ? { strangers } : {}) };
    return { status: 200, body };
  };
  const listRoute = (path: string): PeerRoute => ({
    method: "GET",
    path,
    summary: `All servers of the cluster; filters: ${FILTERS.join(", ")}`,
    query: filterQuerySchema,
    response: listSchema,
    handle: list,
  });
  return [
    listRoute("/api/discovery/servers"),
    listRoute("/discovery/servers"),
    listRoute("/api/servers"),
    {
      method: "GET",
      path: "/api/servers/local",
      summary: "This server, with its hub, term, backends and tanks",
      response: localSchema,
      handle: async () => ({ status: 200, body: describeLocal(withDeps) }),
    },
    {
      method: "GET",
      path: "/api/servers/{id}",
      summary: "One server, by server_id or node_id",
      response: serverRecordSchema,
      handle: async ({ params }) => {
        const id = params["id"] ?? "";
        const found = server(id);
        if (!found) throw new Problem("unknown_server", `No server "${id}" is known here.`);
        return { status: 200, body: found };
      },
    },
    {
      method: "GET",
      path: "/discovery",
      summary: "The servers that discovery has found, each a server or a proxy",
      response: statusSchema,
      handle: async () => ({ status: 200, body: describeDiscovery(withDeps) }),
    },
  ];
}

function describeLocal(deps: ServerRoutesDeps) {
  const { view, self, ownTanks, autoConnection, audit, descriptors, heartbeatMs } = deps;
  const { cluster, roleReason, hub, term, backends, lease, alone } = view();
  return {
    ...self(),
    cluster,
    role_reason: roleReason ?? null,
    hub: hub ? { server_id: hub.server_id, node_id: hub.node_id, api_url: hub.api_url } : null,
    term,
    backends,
    lease: lease
      ? {
          url: lease.url,
          state: lease.state,
          holder: lease.holder ?? null,
          valid: lease.isValid,
          reason: lease.reason ?? null,
          abstention: lease.abstention ?? null,
          stranger: strangerOf(lease),
        }
      : null,
    descriptors: descriptors() ?? null,
    alone: alone ?? null,
    tanks: ownTanks(),
    auto_connection: autoConnection(),
    audit: audit() ?? null,
    heartbeat_interval: heartbeatMs / 1000,
  };
}

function strangerOf({ stranger }: NonNullable<ClusterView["lease"]>) {
  return stranger ? { node_id: stranger.nodeId, lease: stranger.lease ?? null } : null;
}

function describeDiscovery({ view, self, servers }: ServerRoutesDeps) {
  const own = self();
  const { role, hub, cluster, backends } = view();
  const others = servers().filter(({ is_local }) => !is_local);
  const found = others.map((one) => [
    one.server_id,
    {
      host: one.host,
      port: one.port,
      node_id: one.node_id,
      mode: modeOf(one.role),
      last_seen: one.last_seen,
    },
  ]);
  return {
    node_id: own.node_id,
    mode: modeOf(role),
    role,
    discovered_servers: Object.fromEntries(found),
    service_info: {
      server_id: own.server_id,
      host: own.host,
      port: own.port,
      version: own.version,
      cluster,
      hub_url: hub?.api_url ?? null,
      backends: backends.map(({ name }) => name),
    },
  };
}

/** The terms of earlier designs: the hub is a server, a worker is a proxy. */
function modeOf(role: string): "server" | "proxy" {
  return role === "hub" ? "server" : "proxy";
}
