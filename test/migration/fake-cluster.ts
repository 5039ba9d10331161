import type {
  Cluster,
  ClusterView,
  ServerFilter,
  TankLocation,
} from "../../src/cluster/cluster.ts";
import { createVerifier, type Verifier } from "../../src/cluster/identity/signature.ts";
import type { PeerReply } from "../../src/cluster/peer-route.ts";
import { Placement } from "../../src/cluster/placement/placement.ts";
import type { AnnouncedTank, ServerRecord } from "../../src/cluster/server-record.ts";
import { Problem } from "../../src/platform/errors.ts";
import { NO_ALIASES } from "../support/simulated/no-aliases.ts";
import { NO_POSITIONS } from "../support/simulated/no-positions.ts";
import {
  NO_BOUNDS,
  NO_ORDERS,
  NO_RELAYS,
  NO_SOCKETS,
  NO_TUNNELS,
} from "../support/simulated/no-relays.ts";

export interface FakeServer {
  readonly nodeId: string;
  status?: ServerRecord["status"];
  tanks: readonly string[];
  /** What it says of their number; as many as are listed unless given. */
  tankCount?: number;
  fishCount?: number;
  /** Does not answer, whatever its status. */
  silent?: boolean;
  /** Answers that it has no such tank. */
  lacks?: boolean;
  signed?: boolean;
  reachable?: boolean;
  relay?: string;
  tags?: string[];
  region?: string;
}

export type FakeCall = (nodeId: string, path: string, body: unknown) => Promise<PeerReply>;

/** A cluster that is what the test says; one directory may be shared by several nodes' clusters. */
export class FakeCluster implements Cluster {
  readonly nodeId: string;
  readonly verifier: Verifier;
  readonly role = "worker";
  readonly decided = Promise.resolve();
  positions = NO_POSITIONS;
  readonly #directory: readonly FakeServer[];
  readonly #call: FakeCall;
  readonly #listeners = new Set<() => void>();

  constructor(nodeId: string, directory: readonly FakeServer[], call: FakeCall = nobodyAnswers) {
    this.nodeId = nodeId;
    const clock = { wallMs: () => 0, monotonicMs: () => 0 };
    this.verifier = createVerifier(nodeId, clock);
    this.#directory = directory;
    this.#call = call;
  }

  async recall(): Promise<void> {}
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  knows(nodeId: string): boolean {
    return this.#directory.some((server) => server.nodeId === nodeId);
  }

  async leave(): Promise<void> {}
  readonly aliases = NO_ALIASES;
  readonly tunnels = NO_TUNNELS;
  readonly relays = NO_RELAYS;
  readonly sockets = NO_SOCKETS;
  readonly passage = NO_BOUNDS;
  readonly orders = NO_ORDERS;
  lastPlace(): undefined {}
  readonly placement = new Placement({
    nodeId: "",
    clock: { monotonicMs: () => 0 },
    servers: () => this.servers(),
    tanksOf: (id) => this.tanksOf(id),
    mayOrder: () => true,
  });
  serveWith(): void {}
  obeyWith(): void {}

  /** Whoever is not offline has every tank. */
  async read(nodeId: string): Promise<PeerReply> {
    const server = this.#directory.find((one) => one.nodeId === nodeId);
    if (!server || server.status === "offline" || server.silent) return nobodyAnswers();
    if (!server.lacks) return { status: 200, body: {} };
    return { status: 404, body: { type: "urn:tankd:problem:unknown_tank" } };
  }

  join(): Promise<never> {
    return Promise.reject(new Error("not part of the fake"));
  }

  examine(): Promise<never> {
    return Promise.reject(new Error("not part of the fake"));
  }

  view(): ClusterView {
    throw new Error("not part of the fake");
  }

  get serverId(): string {
    return this.self().server_id;
  }

  self(): ServerRecord {
    return this.server(this.nodeId) ?? record({ nodeId: this.nodeId, tanks: [] });
  }

  servers(filter: ServerFilter = {}): readonly ServerRecord[] {
    const { status, tags = [], region } = filter;
    return this.#directory
      .map(record)
      .filter((one) => status === undefined || one.status === status)
      .filter((one) => region === undefined || one.region === region)
      .filter((one) => tags.every((tag) => one.tags.includes(tag)));
  }

  server(id: string): ServerRecord | undefined {
    return this.servers().find((one) => one.server_id === id || one.node_id === id);
  }

  tanksOf(nodeId: string): readonly AnnouncedTank[] {
    const tanks = this.#directory.find((one) => one.nodeId === nodeId)?.tanks ?? [];
    return tanks.map((tank_id) => ({ tank_id, name: `name of ${tank_id}`, epoch: 1 }));
  }

  locate(asked: string): TankLocation | undefined {
    for (const { nodeId } of this.#directory) {
      const tank = this.tanksOf(nodeId).find((one) => one.tank_id === asked || one.name === asked);
      if (!tank) continue;
      const is_local = nodeId === this.nodeId;
      return { node_id: nodeId, server_id: `server of ${nodeId}`, tank, is_local };
    }
    return undefined;
  }

  call(nodeId: string, _method: "GET" | "POST", path: string, body?: unknown): Promise<PeerReply> {
    return this.#call(nodeId, path, body);
  }

  routes(): readonly [] {
    return [];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function nobodyAnswers(): Promise<PeerReply> {
  return Promise.reject(new Problem("unknown_server", "nobody is there"));
}

function record(server: FakeServer): ServerRecord {
  const { nodeId, status, signed, reachable, relay, tanks, tankCount } = server;
  const instant = "2026-01-01T00:00:00.000Z";
  return {
    server_id: `server of ${nodeId}`,
    node_id: signed === false ? null : nodeId,
    hostname: nodeId,
    host: "10.0.0.1",
    port: 8000,
    status: status ?? "online",
    role: "worker",
    version: "0",
    platform: "simulated",
    architecture: "none",
    tank_count: tankCount ?? tanks.length,
    world_count: 1,
    fish_count: server.fishCount ?? 0,
    active_connections: 0,
    capabilities: [],
    tags: server.tags ?? [],
    resources: {},
    metadata: {},
    region: server.region ?? null,
    zone: null,
    cpu_percent: 0,
    memory_mb: 0,
    uptime_seconds: 0,
    registered_at: instant,
    last_heartbeat: instant,
    last_seen: instant,
    rtt_ms: null,
    reachable: reachable ?? true,
    relay: relay ?? null,
    discovered_by: [],
    is_local: false,
    api_url: "",
    signed: signed ?? true,
    member: signed ?? true,
  };
}
