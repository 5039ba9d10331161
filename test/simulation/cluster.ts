import { type Identity, identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { NonceMemory } from "../../src/cluster/identity/nonce-memory.ts";
import type { Verifier } from "../../src/cluster/identity/signature.ts";
import type { ConnectionView } from "../../src/migration/migration.ts";
import { type Core, type CoreSettings, createCore } from "../../src/node/core.ts";
import { timingOf } from "../../src/node/timing.ts";
import type { MemoryFiles } from "../../src/platform/simulated/files.ts";
import type { SimulatedHost } from "../../src/platform/simulated/host.ts";
import type { SimulatedProcess } from "../../src/platform/simulated/process.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { ENGINE_VERSION } from "../../src/sim/index.ts";
import type { Journal, Store } from "../../src/store/journal.ts";
import { MemoryStore } from "../../src/store/memory/store.ts";
import { inProcessReplay } from "../../src/tanks/replay/in-process-replay.ts";
import { ReplayExecutor } from "../../src/tanks/replay/replay-executor.ts";
import { inProcessSimulation } from "../../src/tanks/thread/in-process-host.ts";
import type { SimulationThread, ToSimulation } from "../../src/tanks/thread/simulation.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import type { Watched } from "../support/simulated/cluster-watch.ts";
import { Ether } from "../support/simulated/ether.ts";
import { servePeers } from "../support/simulated/peer-handler.ts";
import { restless } from "../tanks/restless.ts";
import { Archive } from "./archive.ts";

const TICK_RATE = 10;
const API_PORT = 8000;
/** Later than any wall clock. */
const START_CLOCK_MS = 2e14;
/** A commit to a slow disk, so that a kill can fall between its parts. */
const COMMIT_MIN_MS = 1;
const COMMIT_MAX_MS = 12;

/**
 * Often, so that kills meet snapshots and trimmed logs. The simulated clock sees no CPU being used.
 */
const SNAPSHOT_LIMITS = { costMs: 20, intervalMs: 3_000, ticksMax: 50, entriesMax: 10 };

/** So few that late copies meet decisions that are forgotten. */
const JOURNAL_BOUNDS = { transferEventsMax: 100, transfersKeptMax: 15 };

export interface ClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Founders of each tank. Near a tank's capacity of 100 some transfers are refused. */
  readonly fish: number;
  /**
   * Tanks of each node that are moved between its threads all the time. Default: one, which stays.
   */
  readonly restlessTanks?: number;
  /** Breaks the product on purpose, between its code and its store. */
  readonly sabotage?: (journal: Journal) => Journal;
}

/** A data directory at some moment, as a backup has it. */
export interface DiskImage {
  readonly keySeed: Uint8Array;
  readonly store: MemoryStore;
  readonly files: MemoryFiles;
  readonly archive: Archive;
}

/** A node of the simulation: its machine and disk stay, what runs on it comes and goes. */
export class SimulatedNode {
  readonly host: SimulatedHost;
  keySeed: Uint8Array;
  store = new MemoryStore(JOURNAL_BOUNDS);
  archive = new Archive();
  core: Core | undefined;
  readonly #cluster: SimulatedCluster;

  constructor(cluster: SimulatedCluster, index: number) {
    this.#cluster = cluster;
    this.host = cluster.world.addHost({ name: `n${index + 1}` });
    this.keySeed = cluster.world.stream(`key ${index}`).bytes(32);
  }

  get identity(): Identity {
    return identityFromSeed(this.keySeed);
  }

  /** What a copy of the disk holds that is made now. */
  image(): DiskImage {
    return {
      keySeed: this.keySeed,
      store: this.store.copy(),
      files: this.host.disk.copy(),
      archive: this.archive.copy(),
    };
  }

  /** The disk as it was; only while nothing runs on it. */
  restore(image: DiskImage): void {
    if (this.running) throw new Error(`${this.name} runs`);
    this.keySeed = image.keySeed;
    this.store = image.store.copy();
    this.host.disk = image.files.copy();
    this.archive = image.archive.copy();
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
    const { identity } = this;
    const store = this.#storeOf(process);
    const controls = { paused: false, tickRate: TICK_RATE, fastForwardTo: undefined };
    const past = { clock: process.clock, timers: process.timers, controls };
    // It goes on through restarts: a copy from before one must be harmless by the protocol alone.
    const startOffsetMs = START_CLOCK_MS + world.nowMs - process.clock.monotonicMs();
    const core = createCore(
      {
        clock: process.clock,
        startOffsetMs,
        timers: process.timers,
        random: process.random,
        network: process.network,
        sockets: process.sockets,
        machine: process.machine,
        files: process.files,
        store,
        spawnSimulation: () => this.#cluster.spawnSimulation(process),
        spawnReplay: () =>
          inProcessReplay(
            new ReplayExecutor(
              { journal: store.journal, files: process.files },
              { ...past, engineVersion: ENGINE_VERSION },
            ),
          ),
        backends: [this.#cluster.ether.backend(process)],
        log: silentLog,
        metrics: noMetrics,
      },
      this.#cluster.settingsOf(this),
      identity,
    );
    this.core = core;
    const routes = [core.cluster, core.migration, core.audit].flatMap((part) => part.routes());
    // Nonces are forgotten at once, as by a restart: a late copy must be harmless by the protocol
    // alone.
    const verifier = (): Verifier => ({
      nodeId: identity.nodeId,
      clock: process.clock,
      nonces: new NonceMemory(),
      startClock: { offsetMs: startOffsetMs, nonces: new NonceMemory() },
    });
    servePeers(process, API_PORT, { cluster: core.cluster, routes, verifier });
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
  readonly ether: Ether;
  readonly options: ClusterOptions;
  readonly #nodes: SimulatedNode[];
  threads = 0;
  moves = 0;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.world = new SimulatedWorld({ seed: options.seed });
    this.ether = new Ether(this.world);
    this.#nodes = Array.from(
      { length: options.nodes },
      (_, index) => new SimulatedNode(this, index),
    );
  }

  get nodes(): readonly SimulatedNode[] {
    return this.#nodes;
  }

  get watched(): readonly Watched[] {
    return this.nodes.map(({ host, running }) => ({ host, running: running?.cluster }));
  }

  /** A further machine; nothing runs on it. */
  add(): SimulatedNode {
    const node = new SimulatedNode(this, this.#nodes.length);
    this.#nodes.push(node);
    return node;
  }

  get cores(): readonly Core[] {
    return this.nodes.flatMap((node) => node.running ?? []);
  }

  bootAll(): void {
    for (const node of this.nodes) if (!node.running) node.boot();
  }

  /** Those that may still send fish: a fenced node does not. */
  get sending(): readonly Core[] {
    return this.cores.filter((core) => core.cluster.positions.fenced === undefined);
  }

  connections(): readonly ConnectionView[] {
    return this.sending.flatMap((core) => core.migration.connections());
  }

  spawnSimulation(process: SimulatedProcess): SimulationThread {
    const thread = inProcessSimulation(process, { snapshots: SNAPSHOT_LIMITS });
    if (this.options.restlessTanks === undefined) return thread;
    const draws = this.world.stream(`demand ${this.threads++}`);
    const watched = restless(thread, () => draws.unit());
    const post = (message: ToSimulation) => {
      // Tanks are moved and laid down by their last state; while nodes run, only moved.
      if (message.kind === "capture") this.moves++;
      watched.post(message);
    };
    return { ...watched, post };
  }

  settingsOf(node: SimulatedNode): CoreSettings {
    const timing = { ...timingOf("development"), migrationCheckMs: 500, peerTimeoutMs: 2_000 };
    const { fish, seed, restlessTanks } = this.options;
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
      // Of some hours: enough that the oldest goes now and then.
      retention: { pastBudget: { perTankBytes: 200_000, perNodeBytes: 1_000_000 } },
      autoConnect: true,
      firstTanks: { tanks: restlessTanks ?? 1, fish, seed },
    };
  }
}
