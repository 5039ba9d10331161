import { advertisedAddresses, formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { rfc3339 } from "../../platform/clock.ts";
import type { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { InterfaceAddress } from "../../platform/machine.ts";
import { memoizeLast } from "../../platform/memo.ts";
import type { ClusterDeps } from "../deps.ts";
import { ACCEPTS_TANKS } from "../placement/fit.ts";
import type { AnnouncedTank, Role, ServerRecord } from "../server-record.ts";

/** Capabilities of every tankd, before those that the operator adds. */
const BUILT_IN_CAPABILITIES = ["entity-transfer", "poker-games"] as const;
/** CPU is measured over at least this long, however often the record is read. */
const USAGE_INTERVAL_MS = 1_000;

/** This node's description of itself. */
export class Self {
  readonly #deps: ClusterDeps;
  readonly #startedMs: number;
  readonly #startedAt: string;
  /** Why this node is fenced, if it is. */
  readonly #fenced: () => Problem | undefined;
  #port: number;
  #listenHost: string | undefined;
  #usage = { cpuPercent: 0, residentBytes: 0 };
  #usageMs = Number.NEGATIVE_INFINITY;
  readonly #advertised = memoizeLast(
    (
      interfaces: readonly InterfaceAddress[],
      defaultRouteInterface: string | undefined,
      port: number,
      listenHost: string | undefined,
    ) => {
      const { advertise } = this.#deps.settings;
      return advertisedAddresses({
        port,
        listenHost,
        advertise,
        interfaces,
        defaultRouteInterface,
      });
    },
  );

  constructor(deps: ClusterDeps, fenced: () => Problem | undefined) {
    this.#deps = deps;
    this.#fenced = fenced;
    this.#startedMs = deps.clock.monotonicMs();
    this.#startedAt = rfc3339(deps.clock.wallMs());
    this.#port = deps.settings.port;
    this.#listenHost = deps.settings.host;
  }

  get label(): string {
    return this.#deps.settings.serverId ?? this.#deps.identity.nodeId;
  }

  /** Milliseconds since this node was started. */
  ageMs(): number {
    return this.#deps.clock.monotonicMs() - this.#startedMs;
  }

  listenAt(port: number, host: string | undefined): void {
    this.#port = port;
    this.#listenHost = host;
  }

  /** The addresses at which others should dial, best first; follows the machine's networks. */
  addresses(): readonly Address[] {
    const { machine } = this.#deps;
    return this.#advertised(
      machine.addresses(),
      machine.defaultRouteInterface(),
      this.#port,
      this.#listenHost,
    );
  }

  tanks(): readonly AnnouncedTank[] {
    return this.#deps.tanks
      .list()
      .toSorted((a, b) => a.row.ordinal - b.row.ordinal)
      .slice(0, LIMITS.tanksAnnouncedMax)
      .map(({ row }) => ({ tank_id: row.tank_id, name: row.name, epoch: row.epoch }));
  }

  record(role: Role): ServerRecord {
    const { identity, settings, machine, clock } = this.#deps;
    const tanks = this.#deps.tanks.list();
    // Without any network the node can at least reach itself.
    const address = this.addresses()[0] ?? { host: "127.0.0.1", port: this.#port };
    const now = rfc3339(clock.wallMs());
    const usage = this.#measure();
    const fenced = this.#fenced();
    const memoryMb = usage.residentBytes / 2 ** 20;
    return {
      server_id: this.label,
      node_id: identity.nodeId,
      hostname: machine.hostname,
      host: address.host,
      port: address.port,
      status: fenced ? "degraded" : "online",
      status_reason: fenced?.message ?? null,
      role,
      version: settings.version,
      platform: machine.platform,
      architecture: machine.architecture,
      tank_count: tanks.length,
      world_count: tanks.length,
      fish_count: tanks.reduce((sum, tank) => sum + tank.stats.alive, 0),
      active_connections: this.#deps.connectionCount?.() ?? 0,
      capabilities: [...new Set([...BUILT_IN_CAPABILITIES, ...settings.capabilities])],
      tags: [...settings.tags],
      resources: {
        cpu_cores: machine.cpuCores,
        memory_gb: Math.round((machine.memoryBytes / 2 ** 30) * 10) / 10,
        ...settings.resources,
        ...((this.#deps.acceptsTanks?.() ?? true) ? {} : { [ACCEPTS_TANKS]: false }),
      },
      metadata: { ...settings.metadata },
      region: settings.region ?? null,
      zone: settings.zone ?? null,
      cpu_percent: Math.round(usage.cpuPercent * 10) / 10,
      memory_mb: Math.round(memoryMb * 10) / 10,
      uptime_seconds: Math.floor(this.ageMs() / 1000),
      registered_at: this.#startedAt,
      last_heartbeat: now,
      last_seen: now,
      rtt_ms: 0,
      reachable: true,
      discovered_by: [],
      is_local: true,
      api_url: `http://${formatHostPort(address)}`,
      signed: true,
      member: true,
    };
  }

  #measure(): { readonly cpuPercent: number; readonly residentBytes: number } {
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#usageMs >= USAGE_INTERVAL_MS) {
      this.#usage = this.#deps.machine.usage();
      this.#usageMs = nowMs;
    }
    return this.#usage;
  }
}
