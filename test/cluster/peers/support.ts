import type { Described } from "../../../src/cluster/peers/peer.ts";
import { type ServerRecord, serverRecordSchema } from "../../../src/cluster/server-record.ts";
import { type EntryWire, PROTOCOL_VERSION } from "../../../src/cluster/wire.ts";

const AT = "2026-01-01T00:00:00.000Z";

/** A worker's record, for tests that do not look into it. */
export function serverRecord(serverId: string, nodeId: string): ServerRecord {
  return serverRecordSchema.parse({
    server_id: serverId,
    node_id: nodeId,
    hostname: "h",
    host: "10.0.0.1",
    port: 8000,
    status: "online",
    role: "worker",
    version: "",
    platform: "",
    architecture: "",
    tank_count: 0,
    fish_count: 0,
    active_connections: 0,
    capabilities: [],
    tags: [],
    resources: {},
    region: null,
    zone: null,
    cpu_percent: 0,
    memory_mb: 0,
    uptime_seconds: 0,
    registered_at: AT,
    last_heartbeat: AT,
    last_seen: AT,
    rtt_ms: null,
    reachable: true,
    discovered_by: [],
    is_local: false,
    api_url: "",
    signed: true,
  });
}

/** A worker as a hub lists it. */
export function entryWire(nodeId: string): EntryWire {
  return {
    key: nodeId,
    record: serverRecord(nodeId, nodeId),
    addresses: [],
    tanks: [],
    standing: { priority: 100, may_claim: true },
    boot_id: "1",
    heartbeat_interval: 10,
    source: null,
    via: null,
  };
}

/** What a node has said of itself in a hello, for tests that do not read it. */
export function described(nodeId: string): Described {
  const term = { counter: 1, node_id: nodeId };
  const standing = {
    role: "worker" as const,
    term,
    hub: null,
    priority: 100,
    may_claim: true,
    fresh: false,
    deaf: false,
  };
  const document = {
    protocol: PROTOCOL_VERSION,
    cluster: "tankd",
    node_id: nodeId,
    boot_id: "1",
    standing,
    record: serverRecord(nodeId, nodeId),
    addresses: [],
    tanks: [],
    heartbeat_interval: 10,
  };
  return { document, atMs: 0, defersToUs: false, weDefer: false };
}
