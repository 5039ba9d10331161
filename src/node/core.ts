import type { Cluster } from "../cluster/cluster.ts";
import type { Address, DiscoveryBackend } from "../discovery/backend.ts";
import type { Migration } from "../migration/migration.ts";
import type { Clock } from "../platform/clock.ts";
import type { Files } from "../platform/files.ts";
import type { Machine } from "../platform/machine.ts";
import type { Network } from "../platform/network.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import type { Store } from "../store/journal.ts";
import type { SimulationThread } from "../tanks/simulation.ts";
import type { Tanks } from "../tanks/tanks.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Timing } from "./timing.ts";

/** Everything a node touches. Real ones make a node, simulated ones a node in the seeded simulator. */
export interface CorePorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
  readonly machine: Machine;
  /** Snapshots and the file of last committed positions. */
  readonly files: Files;
  readonly store: Store;
  /** A new simulation thread. */
  readonly spawnSimulation: () => SimulationThread;
  readonly backends: readonly DiscoveryBackend[];
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What of the settings the core needs, already validated. */
export interface CoreSettings {
  readonly version: string;
  /** The label; the node id where there is none. */
  readonly serverId: string | undefined;
  readonly cluster: string;
  /** Where the API listens. */
  readonly port: number;
  /** Addresses told to others instead of those of the machine's networks. */
  readonly advertise: readonly Address[];
  readonly role: "auto" | "hub" | "worker";
  readonly priority: number;
  /** Hubs that were named, in order. */
  readonly hubs: readonly Address[];
  readonly tags: readonly string[];
  readonly capabilities: readonly string[];
  readonly region: string | undefined;
  readonly zone: string | undefined;
  readonly timing: Timing;
  readonly tickRate: number;
  readonly autoConnect: boolean;
}

/** The parts that decide something, wired to each other. */
export interface Core {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
  readonly migration: Migration;
  /** Recovers the tanks, then joins the cluster and resumes transfers. Resolves when tanks are loaded. */
  start(): Promise<void>;
  /** Leaves the cluster, stops migration, takes the last snapshots. */
  stop(): Promise<void>;
}

/** `createCore(ports, settings, identity)`: the whole protocol of a node, free of adapters. */
export type CreateCore<Identity> = (
  ports: CorePorts,
  settings: CoreSettings,
  identity: Identity,
) => Core;
