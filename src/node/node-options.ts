import type { RecoveryView } from "../api/recovery-view.ts";
import type { RecoveryReport } from "../tanks/recovery-report.ts";
import type { Log } from "../telemetry/log.ts";
import type { ForkReport } from "./fork/fork-node.ts";
import type { RunShell } from "./role-hook.ts";
import type { SettingFault } from "./settings/faults.ts";
import type { ResolvedSettings } from "./settings/resolve.ts";
import type { Settings } from "./settings/table.ts";

/** Options of a real node; everything that comes from the process. */
export interface NodeOptions {
  readonly settings: Settings;
  /** Where each comes from. Of a port that somebody chose it is an error when it is taken. */
  readonly origins: ResolvedSettings["origins"];
  /** What is wrong with them for single backends of discovery, which then fail by it. */
  readonly faults: readonly SettingFault[];
  /** An absolute path. */
  readonly dataDirectory: string;
  /** Reads the shared secret of the cluster's members, the content of `--secret-file`. */
  readonly readSecret: (() => Uint8Array) | undefined;
  readonly version: string;
  readonly pid: number;
  /** In which the pid is that of this process; undefined where the system has only one. */
  readonly pidNamespace?: string | undefined;
  /** Whether the log is without colour even on a terminal. */
  readonly noColor: boolean;
  readonly spawnWorker: () => Worker;
  readonly spawnDisk: () => Worker;
  readonly runShell: RunShell;
  /** Whether to fork the directory first; see `forkNode`. */
  readonly fork?: boolean;
  /** Aborts the start, which closes what it has opened and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called for each recovered tank. */
  readonly onProgress?: (report: RecoveryReport) => void;
  /** Called once the node has its data directory and its log; for an exit without `stop`. */
  readonly onAlive?: (life: NodeLife) => void;
}

/** The last actions of a process whose state can no longer be trusted. */
export interface NodeLife {
  readonly log: Log;
  /** Removes the record that the node runs here. Synchronous. */
  retract(): void;
  /** Reopens its log, and reads its secret again. */
  reload(): void;
}

/** A running node. */
export interface StartedNode {
  /** For programs on this machine. */
  readonly url: string;
  /** For browsers elsewhere; undefined when only this machine can reach it. */
  readonly networkUrl: string | undefined;
  readonly port: number;
  /** The default port, if it was taken and the node uses another one. */
  readonly movedFrom: number | undefined;
  readonly directory: string;
  readonly nodeId: string;
  readonly recovery: RecoveryView;
  /** The result of --fork; undefined without it, or where there was nothing to fork. */
  readonly forked: ForkReport | undefined;
  /**
   * Fails `/ready` for the time of `--shutdown-delay`, so that load balancers notice; everything
   * else works as before.
   */
  drain(): Promise<void>;
  /** Leaves the cluster, takes the last snapshots, releases everything. */
  stop(): Promise<void>;
}
