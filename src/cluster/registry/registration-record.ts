import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { ServerRecord } from "../server-record.ts";
import type { Heartbeat, Registration } from "./registration-messages.ts";
import type { Entry } from "./registry-entry.ts";

/** The address that the server states. */
export function declaredAddress(body: Registration): readonly Address[] {
  const { host, port } = body;
  return host === undefined || port === undefined ? [] : [{ host, port }];
}

/** Whether a heartbeat contains all of a registration, so that it can replace one. */
export function isWhole(body: Heartbeat, serverId: string): body is Registration {
  return body.server_id === serverId && body.host !== undefined && body.port !== undefined;
}

/** The record of a server that has registered at `address`; `nodeId` is null without a key. */
export function recordOf(
  body: Registration,
  address: Address,
  nodeId: string | null,
  member: boolean,
): ServerRecord {
  const hardware = {
    ...(typeof body.logical_cpus === "number" ? { cpu_cores: body.logical_cpus } : {}),
    ...(typeof body.hardware_model === "string" ? { hardware_model: body.hardware_model } : {}),
  };
  return {
    server_id: body.server_id,
    node_id: nodeId,
    hostname: body.hostname ?? address.host,
    host: address.host,
    port: address.port,
    status: "online",
    role: "worker",
    version: body.version ?? "",
    platform: body.platform ?? "",
    architecture: body.architecture ?? "",
    tank_count: 0,
    world_count: 0,
    fish_count: 0,
    active_connections: 0,
    capabilities: body.capabilities ?? [],
    tags: body.tags ?? [],
    resources: { ...hardware, ...body.resources },
    metadata: { ...body.metadata },
    region: body.region ?? null,
    zone: body.zone ?? null,
    status_reason: body.status_reason ?? null,
    cpu_percent: 0,
    memory_mb: 0,
    uptime_seconds: 0,
    // Set by the registry.
    registered_at: "",
    last_heartbeat: "",
    last_seen: "",
    rtt_ms: null,
    reachable: false,
    discovered_by: [],
    is_local: false,
    api_url: `http://${formatHostPort(address)}`,
    signed: nodeId !== null,
    member,
    ...figuresOf(body),
  };
}

/** The figures of a heartbeat. Tank World counts worlds where tankd counts tanks. */
export function figuresOf(body: Heartbeat): Partial<ServerRecord> {
  const { fish_count, active_connections, cpu_percent, memory_mb, uptime_seconds } = body;
  const named = body.tank_count ?? body.world_count;
  const tanks = named === undefined ? undefined : Math.trunc(named);
  const figures = {
    tank_count: tanks,
    world_count: tanks,
    fish_count: fish_count === undefined ? undefined : Math.trunc(fish_count),
    active_connections:
      active_connections === undefined ? undefined : Math.trunc(active_connections),
    cpu_percent: cpu_percent ?? undefined,
    memory_mb: memory_mb ?? undefined,
    uptime_seconds: uptime_seconds ?? undefined,
    status_reason: body.status_reason,
  };
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}

/** The fields of an entry that the server states itself, besides its record. */
export function saidIn(body: Registration) {
  return {
    label: body.server_id,
    tanks: body.tanks ?? [],
    priority: body.standing?.priority ?? 0,
    bootId: body.boot_id ?? "",
  };
}

/**
 * The interval by which the server's silence is judged, milliseconds. @throws Problem `invalid`.
 */
export function intervalOf(
  { heartbeat_interval }: Registration,
  known: Entry | undefined,
  defaultIntervalMs: number,
): number {
  if (heartbeat_interval === undefined) return known?.intervalMs ?? defaultIntervalMs;
  const intervalMs = heartbeat_interval * 1000;
  const { heartbeatIntervalMinMs: minMs, heartbeatIntervalMaxMs: maxMs } = LIMITS;
  if (intervalMs >= minMs && intervalMs <= maxMs) return intervalMs;
  const [min, max] = [minMs / 1000, maxMs / 1000];
  throw new Problem("invalid", `heartbeat_interval may be from ${min} to ${max} seconds.`);
}
