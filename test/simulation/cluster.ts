import { type Identity, identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { createVerifier } from "../../src/cluster/identity/signature.ts";
import type { Address, DiscoveryBackend, Nomination } from "../../src/discovery/backend.ts";
import type { ConnectionView } from "../../src/migration/migration.ts";
import { type Core, type CoreSettings, createCore } from "../../src/node/core.ts";
import { timingOf } from "../../src/node/timing.ts";
import type { SimulatedHost } from "../../src/platform/simulated/host.ts";
import type { SimulatedProcess } from "../../src/platform/simulated/process.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { ENGINE_VERSION } from "../../src/sim/index.ts";
import type { Journal, Store } from "../../src/store/journal.ts";
import { MemoryStore } from "../../src/store/memory/store.ts";
import { inProcessReplay } from "../../src/tanks/replay/in-process-replay.ts";
import { ReplayDesk } from "../../src/tanks/replay/replay-desk.ts";
import { inProcessSimulation } from "../../src/tanks/thread/in-process-host.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { Archive } from "./archive.ts";
import { receiver } from "./receiver.ts";

const TICK_RATE = 10;
const API_PORT = 8000;
/** A commit to a slow disk, so that a kill can fall between its parts. */
const COMMIT_MIN_MS = 1;
const COMMIT_MAX_MS = 12;

/** Often, so that kills meet snapshots and trimmed logs. The simulated clock sees no CPU being used. */
const SNAPSHOT_LIMITS = { costMs: 20, intervalMs: 3_000, ticksMax: 50, entriesMax: 10 };

/** So few that late copies meet decisions that are forgotten. */
const JOURNAL_BOUNDS = { transferEventsMax: 100, transfersKeptMax: 15 };

export interface ClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Founders of each tank. Near a tank's capacity of 100 some transfers are refused. */
  readonly fish: number;
  /** Breaks the product on purpose, between its code and its store. */
  readonly sabotage?: (journal: Journal) => Journal;
}

/** A node of the simulation: its machine and disk stay, what runs on it comes and goes. */
export class SimulatedNode {
  readonly host: SimulatedHost;
  readonly identity: Identity;
  readonly store = new MemoryStore(JOURNAL_BOUNDS);
  readonly archive = new Archive();
  core: Core | undefined;
  readonly #cluster: SimulatedCluster;

  constructor(cluster: SimulatedCluster, index: number) {
    this.#cluster = cluster;
    this.host = cluster.world.addHost({ name: `n${index + 1}` });
    const keySeed = cluster.world.stream(`key ${index}`).bytes(32);
    this.identity = identityFromSeed(keySeed);
  }

  get name(): string {
    return this.host.name;
  }

  get running(): Core | undefined {
    return this.host.process ? this.core : undefined;
  }

  boot(): void {
    const { world } = this.#cluster;
    const process = this.host.boot();
    const store = this.#storeOf(process);
    const controls = { paused: false, tickRate: TICK_RATE, fastForwardTo: undefined };
    const past = { clock: process.clock, timers: process.timers, controls };
    const core = createCore(
      {
        clock: process.clock,
        timers: process.timers,
        random: process.random,
        network: process.network,
        machine: process.machine,
        files: process.files,
        store,
        spawnSimulation: () => inProcessSimulation(process, { snapshots: SNAPSHOT_LIMITS }),
        spawnReplay: () =>
          inProcessReplay(
            new ReplayDesk(
              { journal: store.journal, files: process.files },
              { ...past, engineVersion: ENGINE_VERSION },
            ),
          ),
        backends: [this.#cluster.neighbourhood(this)],
        log: silentLog,
        metrics: noMetrics,
      },
      this.#cluster.settingsOf(this),
      this.identity,
    );
    this.core = core;
    const routes = [...core.cluster.routes(), ...core.migration.routes()];
    // Nonces are forgotten at once, as by a restart: a late copy must be harmless by the protocol alone.
    const verifier = () => createVerifier(this.identity.nodeId, process.clock);
    process.listen(API_PORT, receiver(routes, verifier));
    core.start().catch((error: unknown) => {
      if (process.alive) world.fail(error);
    });
  }

  #storeOf(process: SimulatedProcess): Store {
    const { world, options } = this.#cluster;
    const archived = this.archive.watch(this.store.journal);
    const journal = options.sabotage ? options.sabotage(archived) : archived;
    const disk = world.latency(`disk ${this.name}`, COMMIT_MIN_MS, COMMIT_MAX_MS);
    return {
      journal: process.guard("journal", journal, disk),
      registry: process.guard("registry", this.store.registry),
      close: async () => {},
    };
  }
}

/** Some nodes of the product's own protocol code on simulated machines, from one seed. */
export class SimulatedCluster {
  readonly world: SimulatedWorld;
  readonly options: ClusterOptions;
  readonly nodes: readonly SimulatedNode[];

  constructor(options: ClusterOptions) {
    this.options = options;
    this.world = new SimulatedWorld({ seed: options.seed });
    this.nodes = Array.from(
      { length: options.nodes },
      (_, index) => new SimulatedNode(this, index),
    );
  }

  get cores(): readonly Core[] {
    return this.nodes.flatMap((node) => node.running ?? []);
  }

  bootAll(): void {
    for (const node of this.nodes) if (!node.running) node.boot();
  }

  connections(): readonly ConnectionView[] {
    return this.cores.flatMap((core) => core.migration.connections());
  }

  settingsOf(node: SimulatedNode): CoreSettings {
    const timing = { ...timingOf("development"), migrationCheckMs: 500, peerTimeoutMs: 2_000 };
    return {
      version: "simulated",
      serverId: node.name,
      cluster: "simulated",
      host: undefined,
      port: API_PORT,
      advertise: [],
      role: "auto",
      priority: 0,
      hubs: [],
      register: true,
      tags: [],
      capabilities: [],
      region: undefined,
      zone: undefined,
      timing,
      tickRate: TICK_RATE,
      threads: 2,
      logRetention: "trim",
      autoConnect: true,
      firstTanks: { tanks: 1, fish: this.options.fish, seed: this.options.seed },
    };
  }

  /** What a multicast would reach: every machine on which something runs. */
  neighbourhood(self: SimulatedNode): DiscoveryBackend {
    let tell: (nomination: Nomination) => void = () => {};
    const look = () => {
      for (const node of this.nodes) {
        if (node !== self && node.running) {
          tell({ backend: "neighbourhood", addresses: [addressOf(node)] });
        }
      }
    };
    return {
      name: "neighbourhood",
      start: async (_announcement, nominate) => {
        tell = nominate;
        look();
      },
      update: () => {},
      refresh: look,
      stop: async () => {},
    };
  }
}

function addressOf(node: SimulatedNode): Address {
  return { host: node.host.address, port: API_PORT };
}
