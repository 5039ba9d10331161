import { hasRights } from "../cluster/rights.ts";
import type { AuditNote, AutoConnection } from "../cluster/server-record.ts";
import type { BackendStatus, Cause } from "../discovery/backend.ts";

/** The parts of the API's answers that the page uses; /docs describes all of them. */

export interface Server {
  readonly server_id: string;
  readonly node_id: string | null;
  readonly hostname: string;
  readonly host: string;
  readonly port: number;
  readonly status: "online" | "degraded" | "offline";
  readonly role: "hub" | "worker" | "discovering";
  readonly version: string;
  readonly tank_count: number;
  readonly fish_count: number;
  readonly rtt_ms: number | null;
  readonly is_local: boolean;
  readonly signed: boolean;
  readonly member?: boolean;
  readonly api_url: string;
}

export interface LocalServer extends Server {
  readonly cluster: string;
  readonly hub: {
    readonly server_id: string;
    readonly node_id: string | null;
    readonly api_url: string;
  } | null;
  /** The node through which others reach this one, which they cannot dial. */
  readonly relay?: string | null;
  readonly backends: readonly BackendStatus[];
  /** Nodes of earlier builds do not say it. */
  readonly auto_connection?: AutoConnection;
  /** Null before the first; nodes of earlier builds do not say it. */
  readonly audit?: AuditNote | null;
  readonly alone: { readonly seconds: number; readonly causes: readonly Cause[] } | null;
}

export interface Tank {
  readonly tank: {
    readonly tank_id: string;
    readonly name: string;
    readonly tick: number;
    readonly status: "running" | "paused" | "stopped";
  };
  readonly stopped_reason: string | null;
  /** Servers of earlier builds do not say it. */
  readonly past_from_tick?: number | null;
  readonly fish_count: number;
  readonly food_count: number;
  readonly capacity: number;
  readonly max_generation: number;
  readonly diversity: number;
  /** Requested ticks per second; 0 = as fast as possible. */
  readonly tick_rate: number;
  readonly ticks_per_second: number;
  readonly tick_lag: number;
  readonly skipped_ticks: number;
  readonly fast_forward_to: number | null;
  readonly plant_count: number;
  readonly ledger: { readonly born: number };
  readonly deaths: Readonly<Record<"starvation" | "predation" | "old_age", number>>;
  readonly poker_games: { readonly fish: number; readonly plants: number };
}

export interface DirectoryEntry {
  readonly tank: { readonly tank_id: string; readonly name: string };
  readonly server: Server;
}

export interface Connection {
  readonly connection_id: string;
  readonly source_tank_id: string;
  readonly destination_tank_id: string;
  readonly destination_server_id: string;
  readonly probability: number;
  readonly direction: "left" | "right" | "both";
  readonly selection: string;
  readonly count: number;
  /** Fish per minute, at most. */
  readonly rate: number | null;
  readonly status: "running" | "paused";
  readonly mode: "move" | "copy";
  readonly replacement: "refuse" | "fair";
  readonly destinations: readonly {
    readonly tank_id: string;
    readonly server_id: string;
    readonly health: "ok" | "unreachable" | "gone" | "full";
    readonly health_reason: string | null;
    readonly sent: number;
    readonly delivered: number;
    readonly returned: number;
  }[];
  readonly origin: "auto" | "manual";
  readonly topology: string | null;
}

export interface Transfer {
  /** Null while it is open. */
  readonly transfer_id: string | null;
  readonly direction: "in" | "out";
  readonly state: string;
  readonly entity_id: string | null;
  readonly source_tank_id: string;
  readonly source_server_id: string | null;
  readonly destination_tank_id: string;
  readonly destination_server_id: string | null;
  readonly reason: string | null;
  readonly updated_at: string;
}

/** The answers of one round of requests. */
export interface Overview {
  readonly local: LocalServer;
  readonly servers: readonly Server[];
  /** Listed, without rights: unsigned, or strangers to the cluster's secret. */
  readonly outside: readonly Server[];
  /** Of this node. */
  readonly tanks: readonly Tank[];
  /** The tank of another node that is selected, if any. */
  readonly visited: Tank | undefined;
  readonly directory: readonly DirectoryEntry[];
  readonly connections: readonly Connection[];
  readonly transfers: readonly Transfer[];
}

const TRANSFERS_SHOWN = 15;

/**
 * Rejects when the node does not answer, or answers with an error.
 * @param lookedAt the id of the selected tank
 */
export async function askOverview(signal: AbortSignal, lookedAt: string): Promise<Overview> {
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(path, { signal });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response.json();
  };
  // One request first: an unreachable node costs one failed request, not six.
  const local = await ask<LocalServer>("/api/servers/local");
  const [listed, { tanks }, directory, { connections }, { transfers }] = await Promise.all([
    ask<{ servers: Server[]; strangers?: Server[] }>("/api/servers"),
    ask<{ tanks: Tank[] }>("/api/tanks"),
    ask<{ tanks: DirectoryEntry[] }>("/gateway/tanks"),
    ask<{ connections: Connection[] }>("/api/connections"),
    ask<{ transfers: Transfer[] }>(`/api/transfers?limit=${TRANSFERS_SHOWN}`),
  ]);
  const isElsewhere = directory.tanks.some(
    ({ tank, server }) => tank.tank_id === lookedAt && !server.is_local,
  );
  // Its host may be unreachable for a moment: continue without its figures.
  const visited = isElsewhere
    ? await ask<Tank>(`/gateway/api/tanks/${encodeURIComponent(lookedAt)}`).catch(() => undefined)
    : undefined;
  const servers = listed.servers.filter(hasRights);
  const others = listed.servers.filter((server) => !hasRights(server));
  const outside = [...others, ...(listed.strangers ?? [])];
  return {
    local,
    servers,
    outside,
    tanks,
    visited,
    directory: directory.tanks,
    connections,
    transfers,
  };
}
