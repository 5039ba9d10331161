import type { ClusterSettings } from "../../../src/cluster/deps.ts";
import { type Identity, identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { createVerifier } from "../../../src/cluster/identity/signature.ts";
import { journalTermStore } from "../../../src/cluster/membership/term-store.ts";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import type { ServerRecord } from "../../../src/cluster/server-record.ts";
import { createCluster, type StartableCluster } from "../../../src/cluster/service.ts";
import type { Address, DiscoveryBackend, Nomination } from "../../../src/discovery/backend.ts";
import { HubBackend } from "../../../src/discovery/hub/backend.ts";
import type { Problem } from "../../../src/platform/errors.ts";
import type { SimulatedHost } from "../../../src/platform/simulated/host.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { MemoryStore } from "../../../src/store/memory/store.ts";
import { NO_STATS } from "../../../src/tanks/tank-view.ts";
import type { HostedTank } from "../../../src/tanks/tanks.ts";
import type { Log, LogFields } from "../../../src/telemetry/log.ts";
import { noMetrics } from "../../../src/telemetry/metrics.ts";
import { Ether } from "./ether.ts";
import { createPeerRouter } from "./peer-router.ts";

export const PORT = 8000;

export interface LoggedEvent {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly fields: LogFields;
}

/** One simulated machine with tankd's cluster on it; may be killed and started again. */
export class LabNode {
  readonly host: SimulatedHost;
  readonly identity: Identity;
  readonly settings: ClusterSettings;
  /** May be exchanged while nothing runs. */
  store = new MemoryStore();
  readonly events: LoggedEvent[] = [];
  /** Why the present start is fenced. */
  fenced: Problem | undefined;
  tanks: HostedTank[] = [];
  /** Addresses that a backend of its own nominates. */
  seeds: readonly Address[] = [];
  /** Behind a router: it dials out, nobody dials in. */
  readonly hidden: boolean;
  readonly #lab: Lab;
  #cluster: StartableCluster | undefined;
  #process: SimulatedProcess | undefined;
  #boots = 0;

  constructor(
    lab: Lab,
    host: SimulatedHost,
    identity: Identity,
    { reachable, ...settings }: ClusterSettings & { readonly reachable?: boolean },
  ) {
    this.hidden = reachable === false;
    this.#lab = lab;
    this.host = host;
    this.identity = identity;
    this.settings = settings;
  }

  get cluster(): StartableCluster {
    if (!this.#cluster) throw new Error(`${this.host.name} is not running`);
    return this.#cluster;
  }

  /** By the node's own monotonic clock. */
  get nowMs(): number {
    return this.#process?.clock.monotonicMs() ?? 0;
  }

  get isUp(): boolean {
    return this.#process?.alive === true;
  }

  start(): void {
    const process = this.host.boot();
    this.#process = process;
    this.#boots++;
    this.fenced = undefined;
    const cluster = createCluster({
      identity: this.identity,
      bootId: `${this.host.name}-${this.#boots}`,
      settings: this.settings,
      clock: process.clock,
      timers: process.timers,
      random: process.random,
      network: process.network,
      machine: process.machine,
      registryStore: process.guard("registry", this.store.registry),
      termStore: journalTermStore(process.guard("journal", this.store.journal)),
      journal: process.guard("journal", this.store.journal),
      onFenced: (problem) => {
        this.fenced = problem;
      },
      tanks: { list: () => this.tanks },
      backends: [
        ...(this.seeds.length > 0 ? [seeded(this.seeds)] : []),
        ...(this.#lab.multicast ? [this.#lab.ether.backend(process)] : []),
        ...(this.settings.hubs.length > 0 ? [new HubBackend(this.settings.hubs)] : []),
      ],
      log: this.#log(),
      metrics: noMetrics,
    });
    this.#cluster = cluster;
    if (!this.hidden) this.#listen(process, cluster);
    void cluster.start();
  }

  kill(): void {
    this.host.kill();
  }

  addTank(name: string, tankId: string): void {
    this.tanks.push({
      row: {
        tank_id: tankId,
        name,
        description: "",
        created_at: 0,
        seed: 1,
        fish: 0,
        tank_key: tankId,
        epoch: 1,
        ordinal: this.tanks.length + 1,
        origin: "founded",
      },
      status: "running",
      stats: { ...NO_STATS, alive: 7 },
      seq: 0,
      durableSeq: 0,
      tickRate: 30,
      achievedRate: 30,
      tickLag: 0,
      fastForwardTo: undefined,
      skippedTicks: 0,
    });
  }

  logged(event: string): readonly LoggedEvent[] {
    return this.events.filter((one) => one.event.startsWith(event));
  }

  #listen(process: SimulatedProcess, cluster: StartableCluster): void {
    const verifier = createVerifier(this.identity.nodeId, process.clock);
    const answer = createPeerRouter(cluster.routes(), verifier, this.#log());
    process.listen(PORT, async (request) => {
      const reply = await answer({
        method: request.method,
        authority: new URL(request.origin).host,
        path: request.path,
        headers: request.headers,
        body: request.body ?? "",
        remoteAddress: request.remoteAddress,
        controlled: request.headers["authorization"] === "Bearer secret",
      });
      return { status: reply.status, headers: {}, body: JSON.stringify(reply.body) };
    });
  }

  #log(): Log {
    const write =
      (level: LoggedEvent["level"]) =>
      (event: string, fields: LogFields = {}) => {
        this.events.push({ level, event, fields });
      };
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
    };
  }
}

/** Simulated machines on one network. */
export class Lab {
  readonly world: SimulatedWorld;
  readonly ether: Ether;
  readonly nodes: LabNode[] = [];
  /** Whether nodes find each other by themselves. */
  multicast = true;

  constructor(seed: number) {
    this.world = new SimulatedWorld({ seed });
    this.ether = new Ether(this.world);
  }

  add(
    name: string,
    settings: Partial<ClusterSettings> & { readonly reachable?: boolean } = {},
    identity = identityFromSeed(this.world.stream(`key ${name}`).bytes(32)),
  ): LabNode {
    return this.addOn(this.world.addHost({ name }), name, settings, identity);
  }

  /** Another node on a machine that is there; one runs at a time. */
  addOn(
    host: SimulatedHost,
    name: string,
    settings: Partial<ClusterSettings> & { readonly reachable?: boolean } = {},
    identity = identityFromSeed(this.world.stream(`key ${name}`).bytes(32)),
  ): LabNode {
    const node = new LabNode(this, host, identity, { ...DEFAULTS, serverId: name, ...settings });
    this.nodes.push(node);
    return node;
  }

  /** Nodes in the order of their rank, the best first. */
  addMany(count: number): readonly LabNode[] {
    const nodes = Array.from({ length: count }, (_, index) => this.add(`n${index + 1}`));
    return nodes.toSorted((a, b) => (a.identity.nodeId > b.identity.nodeId ? -1 : 1));
  }

  async run(durationMs: number): Promise<void> {
    await this.world.run(this.world.nowMs + durationMs);
  }

  /** Milliseconds until the condition held; throws when it never did. */
  async until(what: string, withinMs: number, condition: () => boolean): Promise<number> {
    const startMs = this.world.nowMs;
    const held = await this.world.runUntil(startMs + withinMs, condition);
    if (held) return this.world.nowMs - startMs;
    throw new Error(
      `not ${what} within ${withinMs} ms (seed ${this.world.seed}):\n${this.describe()}`,
    );
  }

  /** All of them agree on one hub, which knows them all. */
  agree(nodes: readonly LabNode[]): boolean {
    const up = nodes.filter((node) => node.isUp);
    const hubs = new Set(up.map((node) => node.cluster.view().hub?.node_id));
    if (hubs.size !== 1 || !up.some((node) => hubs.has(node.identity.nodeId))) return false;
    return up.every((node) => {
      const online = node.cluster.servers({ status: "online" });
      return (
        up.every((other) => online.some((one) => one.node_id === other.identity.nodeId)) &&
        online.filter((one) => one.role === "hub").length === 1
      );
    });
  }

  hubOf(nodes: readonly LabNode[]): LabNode {
    const hubs = nodes.filter((node) => node.isUp && node.cluster.view().role === "hub");
    if (hubs.length !== 1 || !hubs[0]) throw new Error(`${hubs.length} hubs:\n${this.describe()}`);
    return hubs[0];
  }

  describe(): string {
    return this.nodes
      .map((node) => {
        if (!node.isUp) return `${node.host.name} down`;
        const { role, hub, term } = node.cluster.view();
        const known = node.cluster
          .servers()
          .map((one) => `${one.server_id}:${one.role}:${one.status}`);
        return `${node.host.name} ${node.identity.nodeId} ${role} hub=${hub?.server_id} term=${term.counter} [${known}]`;
      })
      .join("\n");
  }

  /** A request of some program that is no node. */
  async request(
    from: SimulatedHost,
    to: LabNode,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<PeerReply> {
    let reply: PeerReply | undefined;
    void this.world.network
      .exchange(from, {
        method,
        origin: `http://${to.host.address}:${PORT}`,
        path,
        headers: { "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeoutMs: 5_000,
        responseBytesMax: 1 << 20,
      })
      .then((response) => {
        reply = { status: response.status, body: JSON.parse(response.body) };
      });
    await this.until("answered", 6_000, () => reply !== undefined);
    if (!reply) throw new Error("no reply");
    return reply;
  }
}

export function recordOf(node: LabNode, of: LabNode): ServerRecord | undefined {
  return node.cluster.server(of.identity.nodeId);
}

export const DEFAULTS: ClusterSettings = {
  version: "0.1.0",
  cluster: "tankd",
  serverId: undefined,
  role: "auto",
  priority: 100,
  hubs: [],
  tags: [],
  capabilities: [],
  region: undefined,
  zone: undefined,
  advertise: [],
  port: PORT,
  timing: {
    heartbeatMs: 10_000,
    discoveryRefreshMs: 30_000,
    healthCheckMs: 15_000,
    discoveryTimeoutMs: 5_000,
    pruneAfterMs: 3_600_000,
    peerTimeoutMs: 10_000,
  },
};

/** A backend that nominates fixed addresses. */
function seeded(addresses: readonly Address[]): DiscoveryBackend {
  let nominate: (nomination: Nomination) => void = () => {};
  const refresh = () => {
    for (const address of addresses) nominate({ backend: "seeds", addresses: [address] });
  };
  return {
    name: "seeds",
    start: async (_, given) => {
      nominate = given;
      refresh();
    },
    update: () => {},
    refresh,
    stop: async () => {},
  };
}

/** Short in the message of a failure. */
export function nameOf(node: LabNode | undefined): string {
  return node?.host.name ?? "nobody";
}
