import { NonceMemory } from "../../src/cluster/identity/nonce-memory.ts";
import type { Verifier } from "../../src/cluster/identity/signature.ts";
import type { PeerRoute } from "../../src/cluster/peer-route.ts";
import type { ConnectionView } from "../../src/migration/migration.ts";
import type { Core, CoreSettings } from "../../src/node/core.ts";
import { timingOf } from "../../src/node/timing.ts";
import type { Network } from "../../src/platform/network.ts";
import type { SharedMemory } from "../../src/platform/shared-memory.ts";
import type { MemoryFiles } from "../../src/platform/simulated/files.ts";
import type { SimulatedProcess } from "../../src/platform/simulated/process.ts";
import { type Fork, SimulatedWorld } from "../../src/platform/simulated/world.ts";
import type { Journal } from "../../src/store/journal.ts";
import type { MemoryStore } from "../../src/store/memory/store.ts";
import { Unsynced } from "../../src/store/memory/unsynced.ts";
import { inProcessSimulation } from "../../src/tanks/thread/in-process-host.ts";
import type { SimulationThread, ToSimulation } from "../../src/tanks/thread/simulation.ts";
import type { Watched } from "../support/simulated/cluster-watch.ts";
import { CORE_SETTINGS, CoreNode } from "../support/simulated/core-node.ts";
import { Ether } from "../support/simulated/ether.ts";
import { servePeers } from "../support/simulated/peer-handler.ts";
import { restless } from "../tanks/restless.ts";
import { Archive } from "./archive.ts";
import { Conditions } from "./conditions.ts";
import type { Sabotage } from "./sabotage.ts";
import { syncedJournal } from "./synced-journal.ts";
import { TransferPhases } from "./transfer-phases.ts";
import { networkOf, routesOf, type Version } from "./versions.ts";

const PING_PATH = "/api/cluster/ping";
const TICK_RATE = 10;
const API_PORT = 8000;
/** Later than any wall clock. */
const START_CLOCK_MS = 2e14;
/** A commit to a slow disk, so that a kill can fall between its parts. */
const COMMIT_MS = { least: 1, most: 12 };

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
  /** The secret of the cluster: whole tanks move among those that know it. Default: none. */
  readonly secret?: Uint8Array;
  /** Interval of each node's audits of its own tanks and pairs. Default: it makes none. */
  readonly auditIntervalMs?: number;
  /** Breaks the product on purpose, between its code and what is outside. */
  readonly sabotage?: Sabotage;
  readonly fork?: Fork | undefined;
}

/** A data directory at some moment, as a backup has it. */
export interface DiskImage {
  readonly keySeed: Uint8Array;
  readonly store: MemoryStore;
  readonly files: MemoryFiles;
  readonly archive: Archive;
}

/** A node of the simulation, with everything that its journal ever held. */
export class SimulatedNode extends CoreNode {
  archive = new Archive();
  /** Of the next start. */
  version: Version = "present";
  /** Since its start. */
  hasPinged = false;
  #isStopping = false;
  #isEarlier: (() => void) | undefined;
  readonly #cluster: SimulatedCluster;
  readonly #keepsMemory: boolean;

  constructor(cluster: SimulatedCluster, index: number) {
    const { world } = cluster;
    super(world, world.addHost({ name: `n${index + 1}` }), {
      keySeed: world.stream(`key ${index}`).bytes(32),
      commitMs: COMMIT_MS,
      bounds: JOURNAL_BOUNDS,
    });
    this.#cluster = cluster;
    // Every other node comes back by replay.
    this.#keepsMemory = index % 2 === 0;
    this.store.journal.unsynced = new Unsynced();
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
    this.store.journal.unsynced = new Unsynced();
    this.host.disk = image.files.copy();
    this.archive = image.archive.copy();
  }

  /** What was not synced is gone, and so is the memory. */
  losePower(): void {
    this.host.losePower();
    this.store.journal.unsynced?.losePower();
  }

  boot(): void {
    this.hasPinged = false;
    this.#isStopping = false;
    const { conditions } = this.#cluster;
    this.#isEarlier?.();
    this.#isEarlier =
      this.version === "earlier" ? conditions.fault("earlier_build", [this.name]) : undefined;
    const { process, core } = this.create();
    const { nodeId } = this.identity;
    const { routes: lie = (own: readonly PeerRoute[]) => own } =
      this.#cluster.options.sabotage ?? {};
    const routes = lie(routesOf(core, this.version), this.identity);
    // Nonces are forgotten at once, as by a restart: a late copy must be harmless by the protocol
    // alone.
    const verifier = (): Verifier => ({
      nodeId,
      clock: process.clock,
      nonces: new NonceMemory(),
      startClock: { offsetMs: this.startOffsetMs(process), nonces: new NonceMemory() },
    });
    servePeers(process, API_PORT, { cluster: core.cluster, routes, verifier });
    core.start().catch((error: unknown) => {
      if (process.alive && !this.#isStopping) this.#cluster.world.fail(error);
    });
  }

  /** A clean stop, also in the middle of its start. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.running?.stop();
  }

  /** It goes on through restarts: a copy from before one must be harmless by the protocol alone. */
  protected override startOffsetMs({ clock }: SimulatedProcess): number {
    return START_CLOCK_MS + this.#cluster.world.nowMs - clock.monotonicMs();
  }

  protected override settings(): CoreSettings {
    return this.#cluster.settingsOf(this);
  }

  protected override backends(process: SimulatedProcess) {
    return [this.#cluster.ether.backend(process)];
  }

  protected override journal(): Journal {
    const archived = this.archive.watch(this.store.journal);
    const { journal } = this.#cluster.options.sabotage ?? {};
    return journal ? journal(archived) : archived;
  }

  protected override acknowledged(guarded: Journal, process: SimulatedProcess): Journal {
    const { phases, options, world } = this.#cluster;
    const { lateSyncMs } = options.sabotage ?? {};
    const later = (sync: () => void) => world.schedule(lateSyncMs ?? 0, "late sync", sync);
    const disk = this.store.journal;
    const synced = syncedJournal(guarded, disk, lateSyncMs === undefined ? undefined : later);
    return phases.watch(this.name, synced, () => process.alive);
  }

  protected override network(process: SimulatedProcess): Network {
    const network = networkOf(process.network, this.version, (request) => {
      this.hasPinged ||= request.path.startsWith(PING_PATH);
    });
    const { options, nodes } = this.#cluster;
    const nodeAt = (origin: string) =>
      nodes.find(({ host }) => origin.includes(`//${host.address}:`))?.identity.nodeId ?? "";
    return options.sabotage?.network?.(network, nodeAt) ?? network;
  }

  protected override get sharedMemory(): SharedMemory | undefined {
    return this.#keepsMemory ? this.host.sharedMemory : undefined;
  }

  protected override spawnSimulation(process: SimulatedProcess): SimulationThread {
    return this.#cluster.spawnSimulation(process, this.sharedMemory);
  }
}

/** Some nodes of the product's own protocol code on simulated machines, from one seed. */
export class SimulatedCluster {
  readonly world: SimulatedWorld;
  readonly ether: Ether;
  readonly options: ClusterOptions;
  readonly conditions = new Conditions();
  readonly phases = new TransferPhases(this.conditions, (nodeId) => this.#nameOf(nodeId));
  readonly #nodes: SimulatedNode[];
  threads = 0;
  moves = 0;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.world = new SimulatedWorld({ seed: options.seed, fork: options.fork });
    this.ether = new Ether(this.world);
    this.#nodes = Array.from(
      { length: options.nodes },
      (_, index) => new SimulatedNode(this, index),
    );
  }

  get nodes(): readonly SimulatedNode[] {
    return this.#nodes;
  }

  #nameOf(nodeId: string): string {
    return this.#nodes.find(({ identity }) => identity.nodeId === nodeId)?.name ?? nodeId;
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

  spawnSimulation(
    process: SimulatedProcess,
    sharedMemory: SharedMemory | undefined,
  ): SimulationThread {
    const thread = inProcessSimulation(process, { snapshots: SNAPSHOT_LIMITS, sharedMemory });
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
    const { fish, seed, restlessTanks, auditIntervalMs, secret } = this.options;
    return {
      ...CORE_SETTINGS,
      ...(auditIntervalMs === undefined ? {} : { auditIntervalMs }),
      ...(secret === undefined ? {} : { secret }),
      serverId: node.name,
      port: API_PORT,
      timing,
      tickRate: TICK_RATE,
      // Of some hours: enough that the oldest goes now and then.
      retention: { pastBudget: { perTankBytes: 200_000, perNodeBytes: 1_000_000 } },
      firstTanks: { tanks: restlessTanks ?? 1, fish, seed },
    };
  }
}
