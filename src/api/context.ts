import type { AuditService } from "../audit/audit.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Migration } from "../migration/migration.ts";
import type { Relocation } from "../migration/relocation/relocation.ts";
import type { Clock } from "../platform/clock.ts";
import type { ReplayService } from "../tanks/replay/replay-service.ts";
import type { Tanks } from "../tanks/tanks.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { RecoveryView } from "./recovery-view.ts";
import type { SettingsView } from "./settings-view.ts";

/** The dependencies of the API, from the composition root. */
export interface ApiContext {
  readonly tanks: Tanks;
  readonly replay: ReplayService;
  readonly cluster: Cluster;
  readonly migration: Migration;
  readonly relocation: Omit<Relocation, "recall" | "start" | "stop">;
  readonly audit: Omit<AuditService, "start" | "stop">;
  readonly clock: Clock;
  readonly log: Log;
  /** Counts requests and viewers. */
  readonly meter: Metrics;
  readonly version: string;
  /** Signs a challenge with the node's key: proof of identity for the CLI and for peers. */
  readonly signChallenge: (challenge: string) => string;
  /** The node's Ed25519 public key, base64url. */
  readonly publicKey: string;
  /** The token that control requests carry as `Authorization: Bearer`. */
  readonly controlToken: string;
  /** Accepted host names besides this node's addresses; they change over time. */
  readonly allowedHosts: readonly string[];
  readonly hostname: string;
  /** Whether the node is still recovering its tanks. */
  readonly phase: () => "recovering" | "healthy" | "stopping";
  /** The recovery of this start. */
  readonly recovery: () => RecoveryView;
  /** The settings that this node runs with, without secrets. */
  readonly settings: () => SettingsView;
  /** The metrics in the Prometheus text format. */
  readonly metrics: () => string;
}
