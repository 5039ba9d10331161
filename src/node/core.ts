import type { AuditService } from "../audit/audit.ts";
import { createAudit } from "../audit/service.ts";
import type { Cluster, ServerFilter } from "../cluster/cluster.ts";
import { createCluster } from "../cluster/create-cluster.ts";
import type { Identity } from "../cluster/identity/identity.ts";
import type { HubLease } from "../cluster/membership/lease.ts";
import { journalTermStore } from "../cluster/membership/term-store.ts";
import type { NameConflictRule } from "../cluster/registry/name-conflicts.ts";
import type { Address, DiscoveryBackend } from "../discovery/backend.ts";
import type { Migration } from "../migration/migration.ts";
import type { ReplacementRule } from "../migration/payloads/entity.ts";
import { createRelocation, type Relocation } from "../migration/relocation/relocation.ts";
import { type CountingMigration, createMigration } from "../migration/service.ts";
import { DEFAULT_QUOTAS, type TransferQuotas } from "../migration/transfer/quotas.ts";
import { STRANGER_BUDGET, type StrangerBudget } from "../migration/transfer/strangers.ts";
import type { Clock } from "../platform/clock.ts";
import { Problem } from "../platform/errors.ts";
import type { Files } from "../platform/files.ts";
import type { Machine } from "../platform/machine.ts";
import type { Network } from "../platform/network.ts";
import { type Random, randomHex } from "../platform/random.ts";
import type { SharedMemory } from "../platform/shared-memory.ts";
import type { Sockets } from "../platform/sockets.ts";
import type { Timers } from "../platform/timers.ts";
import { ENGINE_VERSION } from "../sim/index.ts";
import { groupCommit } from "../store/group-commit.ts";
import { JOURNAL_LOST, type Journal, type Store } from "../store/journal.ts";
import type { RecoveryOptions, RecoveryReport } from "../tanks/recovery-report.ts";
import { createReplayService, type ReplayService } from "../tanks/replay/replay-service.ts";
import type { ReplayThread } from "../tanks/replay/replay-thread.ts";
import { createTanks, type TankService } from "../tanks/service.ts";
import type { RetentionRules } from "../tanks/snapshots/retention.ts";
import type { Tanks } from "../tanks/tanks.ts";
import type { SimulationThread } from "../tanks/thread/simulation.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type FirstTanks, makeFirstTanks, tankLabel } from "./first-tanks.ts";
import type { Timing } from "./timing.ts";

/** The ports of a node: real ones for a process, simulated ones for the seeded simulator. */
export interface CorePorts {
  readonly clock: Clock;
  /** See `drawStartOffset`. */
  readonly startOffsetMs: number;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
  readonly sockets: Sockets;
  readonly machine: Machine;
  /** The files of the snapshots. */
  readonly files: Files;
  readonly store: Store;
  /** Where simulations keep the states of tanks; undefined where they use their heaps. */
  readonly sharedMemory?: SharedMemory | undefined;
  /** Starts a simulation thread. */
  readonly spawnSimulation: () => SimulationThread;
  /** Starts the thread of the replay service. */
  readonly spawnReplay: () => ReplayThread;
  readonly backends: readonly DiscoveryBackend[];
  /** A store that decides which node is hub; without one the nodes elect it. */
  readonly lease?: HubLease | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The settings that the core uses, already validated. */
export interface CoreSettings {
  readonly version: string;
  /** The label; the node id by default. */
  readonly serverId: string | undefined;
  readonly cluster: string;
  /** The address that the API listens on; undefined for all. */
  readonly host: string | undefined;
  /** The port that the API actually listens on. */
  readonly port: number;
  /** Advertised addresses, instead of those of the machine's networks. */
  readonly advertise: readonly Address[];
  readonly role: "auto" | "hub" | "worker";
  readonly priority: number;
  /** Hubs that were given by URL, in order. */
  readonly hubs: readonly Address[];
  /** False: neither announce this node nor register it with a hub. */
  readonly register: boolean;
  readonly tags: readonly string[];
  readonly capabilities: readonly string[];
  readonly region: string | undefined;
  readonly zone: string | undefined;
  readonly timing: Timing;
  readonly tickRate: number;
  /** Simulation threads; undefined for one per core. */
  readonly threads: number | undefined;
  readonly retention: RetentionRules;
  readonly autoConnect: boolean;
  readonly replacement?: ReplacementRule;
  /** Default: {@link STRANGER_BUDGET}. */
  readonly strangerBudget?: StrangerBudget;
  /** Whom the automatic connection may join. Default: any node. */
  readonly autoConnectTo?: ServerFilter;
  /** Default: {@link DEFAULT_QUOTAS}. */
  readonly quotas?: TransferQuotas;
  /** Interval of the audits of this node's own tanks and pairs; undefined for none. */
  readonly auditIntervalMs?: number;
  readonly resources?: Readonly<Record<string, number | string | boolean>>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The shared secret of the cluster's members; undefined where every node may be a member. */
  readonly secret?: Uint8Array | undefined;
  readonly nameConflict?: NameConflictRule;
  /** Whether tanks move by themselves from the busiest node to the least busy one. */
  readonly balance?: boolean;
  readonly firstTanks: Omit<FirstTanks, "label">;
}

/** The parts of a node that contain its logic, wired together. */
export interface Core {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
  readonly migration: Migration;
  readonly audit: AuditService;
  readonly relocation: Relocation;
  readonly replay: ReplayService;
  /**
   * Recovers the tanks, creates those of the first start, then resumes transfers and starts joining
   * the cluster; `cluster.decided` tells when the role is known. Rejects with the signal's reason
   * when that, or `stop`, aborts it; `stop` has to follow.
   */
  start(options?: RecoveryOptions): Promise<CoreStart>;
  /** Aborts a start in progress, leaves the cluster, stops migration, takes the last snapshots. */
  stop(): Promise<void>;
}

/** The result of a start. */
export interface CoreStart {
  readonly recovery: RecoveryReport;
  /** Number of tanks that it created, which only the first start does. */
  readonly tanksMade: number;
}

const BOOT_ID_BYTES = 8;

/** Creates a node without adapters: the seeded simulator builds its nodes with it. */
export function createCore(ports: CorePorts, settings: CoreSettings, identity: Identity): Core {
  const { store, random } = ports;
  const journal = groupCommit(store.journal, {
    ...ports,
    onUnavailable: (error) => tanks.storageFailed(error),
  });
  const { tickRate, threads = ports.machine.cpuCores } = settings;
  const tanks = createTanks({ ...ports, ...settings.retention, journal, tickRate, threads });
  const cluster = createCluster({
    ...ports,
    identity,
    bootId: randomHex(random, BOOT_ID_BYTES),
    settings,
    registryStore: store.registry,
    termStore: journalTermStore(journal),
    journal,
    tanks,
    onFenced: (problem) => tanks.fence(problem),
    isEngagedWith: (nodeId) => migration.isEngagedWith(nodeId),
    connectionCount: () => migration.connectionCount,
    autoConnection: () => migration.autoConnection,
    acceptsTanks: () => relocation.drain.view() === undefined,
    auditNote: () => audit.note,
  });
  const replay = createReplayService({ ...ports, version: settings.version });
  const refusal = () => relocation.drain.refusal();
  const parts = { tanks, cluster, journal, identity, refusal };
  const migration = connectMigration(ports, settings, parts);
  const relocation = createRelocation({
    ...ports,
    ...{ cluster, migration, tanks, journal },
    balance: settings.balance ?? false,
  });
  const audit = createAudit({
    ...ports,
    cluster,
    tanks,
    journal,
    intervalMs: settings.auditIntervalMs,
  });
  const stopping = new AbortController();
  let starting: Promise<unknown> = Promise.resolve();
  const bringUp = async ({ signal, onProgress }: RecoveryOptions): Promise<CoreStart> => {
    const ends = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal;
    ends.throwIfAborted();
    const lost = await journal.meta(JOURNAL_LOST);
    if (lost) cluster.fence(lossOf(lost));
    // Requests already come in: no position statement counts before the stored ones are loaded.
    await cluster.recall();
    ends.throwIfAborted();
    const recovery = await tanks.start({ signal: ends, ...(onProgress && { onProgress }) });
    const label = tankLabel(settings.serverId, ports.machine.hostname);
    const wanted = { ...settings.firstTanks, label };
    const tanksMade = lost ? 0 : await makeFirstTanks(tanks, journal, wanted, ends);
    ends.throwIfAborted();
    await relocation.recall();
    await migration.start();
    audit.start();
    ends.throwIfAborted();
    await cluster.start();
    relocation.start();
    ends.throwIfAborted();
    return { recovery, tanksMade };
  };
  return {
    tanks,
    cluster,
    migration,
    audit,
    relocation,
    replay,
    start: (options = {}) => {
      const start = bringUp(options);
      starting = start.catch(() => {});
      return start;
    },
    stop: async () => {
      // Wait for the start to settle, so that no part has to support a stop during its start.
      stopping.abort(new Problem("not_ready", "the node stops"));
      await starting;
      audit.stop();
      relocation.stop();
      await replay.stop();
      await cluster.stop();
      await migration.stop();
      await tanks.stop();
    },
  };
}

/** The reason to fence a node that has lost commits: another node may rely on a lost decision. */
function lossOf(sentence: string): Problem {
  return new Problem(
    "directory_copied",
    `fenced: ${sentence}; restore the data directory from a backup, or start with --fork to go ` +
      "on as a new node",
  );
}

/** Whole tanks come from nodes that know the cluster's secret only. */
function distrustOf(cluster: Cluster, nodeId: string, hasSecret: boolean): string | undefined {
  if (!hasSecret) {
    return "this node takes no tanks: it has no cluster secret (--secret-file)";
  }
  if (cluster.server(nodeId)?.member === true) return undefined;
  return "that node does not know the secret of this cluster (--secret-file)";
}

function connectMigration(
  ports: CorePorts,
  settings: CoreSettings,
  parts: {
    readonly tanks: TankService;
    readonly cluster: Cluster;
    readonly journal: Journal;
    readonly identity: Identity;
    readonly refusal: () => Problem | undefined;
  },
): CountingMigration {
  const { tanks, cluster, identity } = parts;
  const { timing, autoConnectTo = {}, replacement = "refuse", quotas = DEFAULT_QUOTAS } = settings;
  const { strangerBudget = STRANGER_BUDGET } = settings;
  return createMigration({
    ...ports,
    ...parts,
    moves: {
      identity,
      files: ports.files,
      hosting: tanks.exchange,
      engineVersion: ENGINE_VERSION,
      distrusts: (nodeId) => distrustOf(cluster, nodeId, settings.secret !== undefined),
      refusal: parts.refusal,
    },
    nodeId: parts.cluster.nodeId,
    autoConnect: settings.autoConnect,
    autoConnectTo,
    replacement,
    strangerBudget,
    quotas,
    checkIntervalMs: timing.migrationCheckMs,
    peerTimeoutMs: timing.peerTimeoutMs,
    peerRetries: timing.peerRetries,
  });
}
