import type { Address, DiscoveryBackend } from "../discovery/backend.ts";
import type { Clock } from "../platform/clock.ts";
import type { Problem } from "../platform/errors.ts";
import type { Machine } from "../platform/machine.ts";
import type { Network } from "../platform/network.ts";
import type { Random } from "../platform/random.ts";
import type { Sockets } from "../platform/sockets.ts";
import type { Timers } from "../platform/timers.ts";
import type { Journal, RegistryStore } from "../store/journal.ts";
import type { Tanks } from "../tanks/tanks.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Term } from "./cluster.ts";
import type { Identity } from "./identity/identity.ts";
import type { HubLease } from "./membership/lease.ts";
import type { NameConflictRule } from "./registry/name-conflicts.ts";
import type { AuditNote, AutoConnection } from "./server-record.ts";

/** Intervals at which a node announces itself and checks others. Milliseconds. */
export interface ClusterTiming {
  readonly heartbeatMs: number;
  readonly discoveryRefreshMs: number;
  readonly healthCheckMs: number;
  readonly discoveryTimeoutMs: number;
  readonly pruneAfterMs: number;
  readonly peerTimeoutMs: number;
}

/** The settings of a node that the cluster needs, already validated. */
export interface ClusterSettings {
  readonly version: string;
  readonly cluster: string;
  /** The label; the node id if there is none. */
  readonly serverId: string | undefined;
  readonly role: "auto" | "hub" | "worker";
  readonly priority: number;
  /** Hubs that were given by URL. This node never outranks them. */
  readonly hubs: readonly Address[];
  readonly tags: readonly string[];
  readonly capabilities: readonly string[];
  readonly region: string | undefined;
  readonly zone: string | undefined;
  /** Resources and facts that the operator adds to those of the machine. */
  readonly resources?: Readonly<Record<string, number | string | boolean>>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** What several tanks of one name are called here; default `qualified`. */
  readonly nameConflict?: NameConflictRule;
  /** Shared by the members of a cluster; without it every node may be one. At least 16 bytes. */
  readonly secret?: Uint8Array | undefined;
  readonly advertise: readonly Address[];
  /** The port of the API; may be set later by `setListening`. */
  readonly port: number;
  readonly host?: string | undefined;
  /** False: neither announce this node nor register it with a hub. Default true. */
  readonly register?: boolean;
  readonly timing: ClusterTiming;
}

/** Where the highest term is stored. Losing it costs only a slower merge. */
export interface TermStore {
  load(): Promise<Term | undefined>;
  save(term: Term): Promise<void>;
}

/** All ports of the cluster. */
export interface ClusterDeps {
  readonly identity: Identity;
  /** New at each start of the process. */
  readonly bootId: string;
  readonly settings: ClusterSettings;
  readonly clock: Clock;
  /**
   * Offset of the start clock from the monotonic clock. Others date their requests to this node by
   * the start clock.
   */
  readonly startOffsetMs: number;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
  readonly sockets: Sockets;
  readonly machine: Machine;
  readonly registryStore: RegistryStore;
  readonly termStore: TermStore;
  /** Its position is the journal position of this node, and it stores the positions of others. */
  readonly journal: Pick<Journal, "position" | "meta" | "commit" | "remembered">;
  readonly tanks: Pick<Tanks, "list">;
  /** The data directory is a copy or an old state: the tanks must not run. Called once. */
  readonly onFenced?: (problem: Problem) => void;
  /** Whether fish are on their way to a node: then its position is kept. */
  readonly isEngagedWith?: (nodeId: string) => boolean;
  /** Connections to tanks of other nodes; shown as `active_connections`. */
  readonly connectionCount?: () => number;
  readonly autoConnection?: () => AutoConnection;
  /** Whether tanks may be created here or come here; shown as a resource. Default: they may. */
  readonly acceptsTanks?: () => boolean;
  /** What this node's last audit of its own has found. */
  readonly auditNote?: () => AuditNote | undefined;
  readonly backends: readonly DiscoveryBackend[];
  /** A store that decides who is hub; without one the nodes decide. */
  readonly lease?: HubLease | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}
