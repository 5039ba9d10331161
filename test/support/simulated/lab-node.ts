import { createCluster, type StartableCluster } from "../../../src/cluster/create-cluster.ts";
import type { ClusterSettings } from "../../../src/cluster/deps.ts";
import type { Identity } from "../../../src/cluster/identity/identity.ts";
import { journalTermStore } from "../../../src/cluster/membership/term-store.ts";
import { recallPeers } from "../../../src/cluster/peers/peer-memory.ts";
import type { ServerRecord } from "../../../src/cluster/server-record.ts";
import type { Address, DiscoveryBackend, Nomination } from "../../../src/discovery/backend.ts";
import { NamedBackend } from "../../../src/discovery/named-backend.ts";
import { RememberedBackend } from "../../../src/discovery/remembered-backend.ts";
import type { Problem } from "../../../src/platform/errors.ts";
import type { SimulatedHost } from "../../../src/platform/simulated/host.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";
import { NO_STATS } from "../../../src/tanks/tank-view.ts";
import type { HostedTank } from "../../../src/tanks/tanks.ts";
import type { Log, LogFields } from "../../../src/telemetry/log.ts";
import { noMetrics } from "../../../src/telemetry/metrics.ts";
import type { Ether } from "./ether.ts";
import type { LeaseStore } from "./lease-store.ts";
import { type Lie, lyingHandler, lyingNetwork } from "./lies.ts";
import { SimulatedNode } from "./node.ts";
import { behindTunnel, peerHandler, servePeers } from "./peer-handler.ts";

export const PORT = 8000;
/** Start clocks are later than any wall clock, and those of two starts are months apart. */
const START_CLOCK_MS = 1e14;
const NEXT_START_MS = 1e10;

export interface LoggedEvent {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly fields: LogFields;
}

/** What a node finds around it. */
export interface Surroundings {
  readonly ether: Ether;
  /** Whether nodes find each other by themselves. */
  readonly multicast: boolean;
}

export type NodeSettings = ClusterSettings & {
  /** False: behind a router; it dials out, nobody dials in. */
  readonly reachable?: boolean;
  /** What it says instead of the truth. */
  readonly lie?: Lie;
  /** The store that decides who is hub. */
  readonly lease?: LeaseStore;
};

/** One simulated machine with tankd's cluster on it; may be killed and started again. */
export class LabNode extends SimulatedNode<StartableCluster> {
  readonly identity: Identity;
  readonly settings: ClusterSettings;
  readonly events: LoggedEvent[] = [];
  /** Why the present start is fenced. */
  fenced: Problem | undefined;
  tanks: HostedTank[] = [];
  /** Addresses that a backend of its own nominates. */
  seeds: readonly Address[] = [];
  /** Whether it asks those of earlier runs first. */
  remembers = false;
  /** Behind a router: it dials out, nobody dials in. */
  readonly hidden: boolean;
  readonly #lie: Lie | undefined;
  readonly #lease: LeaseStore | undefined;
  readonly #surroundings: Surroundings;
  #process: SimulatedProcess | undefined;
  #boots = 0;

  constructor(
    surroundings: Surroundings,
    host: SimulatedHost,
    identity: Identity,
    { reachable, lie, lease, ...settings }: NodeSettings,
  ) {
    super(host);
    this.hidden = reachable === false;
    this.#lie = lie;
    this.#lease = lease;
    this.#surroundings = surroundings;
    this.identity = identity;
    this.settings = settings;
  }

  get cluster(): StartableCluster {
    if (!this.program) throw new Error(`${this.name} is not running`);
    return this.program;
  }

  /** By the node's own monotonic clock. */
  get nowMs(): number {
    return this.#process?.clock.monotonicMs() ?? 0;
  }

  start(): void {
    const process = this.host.boot();
    this.#process = process;
    this.program = undefined;
    this.#boots++;
    this.fenced = undefined;
    process.start(() => void this.#begin(process));
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

  async #begin(process: SimulatedProcess): Promise<void> {
    const { settings } = this;
    const { ether, multicast } = this.#surroundings;
    const journal = process.guard("journal", this.store.journal);
    const remembered = this.remembers ? await recallPeers(journal, settings.cluster) : [];
    const cluster = createCluster({
      identity: this.identity,
      bootId: `${this.host.name}-${this.#boots}`,
      settings,
      clock: process.clock,
      startOffsetMs: START_CLOCK_MS + this.#boots * NEXT_START_MS,
      timers: process.timers,
      random: process.random,
      network: this.#lie ? lyingNetwork(process, this.identity, this.#lie) : process.network,
      sockets: process.sockets,
      machine: process.machine,
      registryStore: process.guard("registry", this.store.registry),
      termStore: journalTermStore(journal),
      journal,
      onFenced: (problem) => {
        this.fenced = problem;
      },
      tanks: { list: () => this.tanks },
      backends: [
        ...(remembered.length > 0 ? [new RememberedBackend(remembered)] : []),
        ...(this.seeds.length > 0 ? [seeded(this.seeds)] : []),
        ...(multicast ? [ether.backend(process)] : []),
        ...(settings.hubs.length > 0 ? [new NamedBackend("hub", settings.hubs)] : []),
      ],
      lease: this.#lease?.leaseOf(process),
      log: this.#log(),
      metrics: noMetrics,
    });
    this.program = cluster;
    this.#listen(process, cluster);
    void cluster.start();
  }

  #listen(process: SimulatedProcess, cluster: StartableCluster): void {
    const { verifier } = cluster;
    const routes = cluster.routes();
    if (this.hidden) {
      const handler = peerHandler(routes, () => verifier);
      cluster.serveWith(behindTunnel(cluster.nodeId, handler));
      return;
    }
    const lie = this.#lie;
    servePeers(process, PORT, {
      cluster,
      routes,
      verifier: () => verifier,
      ...(lie && { wrap: (handler) => lyingHandler(handler, this.identity, lie) }),
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
