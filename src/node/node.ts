import { LocalApis } from "../adapters/tailscale/local-apis.ts";
import { TailnetNetwork } from "../adapters/tailscale/network.ts";
import { TailnetSockets } from "../adapters/tailscale/sockets.ts";
import { TailnetSources } from "../adapters/tailscale/sources.ts";
import { Tailnet } from "../adapters/tailscale/tailnet.ts";
import { type RecoveryView, viewRecovery } from "../api/recovery-view.ts";
import { type ApiServer, type ListenOptions, listen } from "../api/server.ts";
import { identityFromSeed } from "../cluster/identity/identity.ts";
import { signChallenge } from "../cluster/identity/proof.ts";
import { drawStartOffset } from "../cluster/identity/start-clock.ts";
import { joinedHub } from "../cluster/membership/joined-hub.ts";
import { recallPeers } from "../cluster/peers/peer-memory.ts";
import { formatHostPort } from "../discovery/addresses.ts";
import { readCidr } from "../discovery/cidr.ts";
import { readHostAndPort } from "../discovery/host-and-port.ts";
import { messageOf, Problem, StorageUnavailable } from "../platform/errors.ts";
import { chooseInterfaces } from "../platform/interface-choice.ts";
import { compileReadily } from "../platform/real/compilation.ts";
import { type DataDirectory, openDataDirectory } from "../platform/real/data-directory.ts";
import { createRealPlatform, type RealPlatform } from "../platform/real/platform.ts";
import { sleep } from "../platform/timers.ts";
import { ENGINE_VERSION } from "../sim/index.ts";
import type { Store } from "../store/journal.ts";
import { DATABASE_FILE } from "../store/sqlite/store.ts";
import { openThreadedStore } from "../store/sqlite/thread/threaded-store.ts";
import { workerDisk } from "../store/sqlite/thread/worker-disk.ts";
import type { RecoveryReport } from "../tanks/recovery-report.ts";
import { workerReplay } from "../tanks/replay/worker-replay.ts";
import { workerSimulation } from "../tanks/worker-host.ts";
import type { Log } from "../telemetry/log.ts";
import { createPrometheusMetrics } from "../telemetry/prometheus.ts";
import { createBackends } from "./backends.ts";
import { Closers } from "./closers.ts";
import { type Core, type CoreSettings, createCore } from "./core.ts";
import { type DiscoveryPlan, planDiscovery, withHub } from "./discovery-plan.ts";
import { type ForkReport, forkNode } from "./fork/fork-node.ts";
import { settleFork } from "./fork/settle-fork.ts";
import { keptName } from "./kept-name.ts";
import { createLease } from "./lease.ts";
import { openNodeLog } from "./node-log.ts";
import { refuseForeignKey } from "./own-key.ts";
import { type RunShell, runOnRoleChange } from "./role-hook.ts";
import type { SettingFault } from "./settings/faults.ts";
import type { ResolvedSettings } from "./settings/resolve.ts";
import { showSettings } from "./settings/shown.ts";
import type { Settings } from "./settings/table.ts";
import { settledSettings } from "./settled-settings.ts";
import { timingOf } from "./timing.ts";

/** Options of a real node; everything that comes from the process. */
export interface NodeOptions {
  readonly settings: Settings;
  /** Where each comes from. Of a port that somebody chose it is an error when it is taken. */
  readonly origins: ResolvedSettings["origins"];
  /** What is wrong with them for single backends of discovery, which then fail by it. */
  readonly faults: readonly SettingFault[];
  /** An absolute path. */
  readonly dataDirectory: string;
  /** The shared secret of the cluster's members: the content of `--secret-file`. */
  readonly secret: Uint8Array | undefined;
  readonly version: string;
  readonly pid: number;
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
  /** Reopens its log. */
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

/**
 * Starts a node: data directory, API, store, tanks, cluster. Resolves when its tanks are recovered;
 * the API answers earlier. If a step fails, what was opened is closed again.
 * @throws Problem
 */
export async function startNode(options: NodeOptions): Promise<StartedNode> {
  const closers = new Closers();
  try {
    options.signal?.throwIfAborted();
    return await assemble(options, closers);
  } catch (error) {
    // The original error matters more than a failure to close.
    await closers.close().catch(() => {});
    if (!(error instanceof StorageUnavailable)) throw error;
    throw new Problem("storage_unavailable", `${options.dataDirectory}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** A node has found its cluster by then, even when fifty start on two cores. */
const START_OVER_MS = 30_000;

async function assemble(options: NodeOptions, closers: Closers): Promise<StartedNode> {
  const { settings, version } = options;
  const real = createRealPlatform();
  const platform = { ...real, machine: chooseInterfaces(real.machine, settings.interfaces) };
  const { tailscaleProxy, tailscaleSocket: socket } = settings;
  const localApis = new LocalApis({ socket, platform: real.machine.platform });
  const tailnet = new Tailnet(real.machine, tailscaleProxy, localApis);
  const planned = planDiscovery(settings);
  const { clock } = platform;
  const directory = openDataDirectory(options.dataDirectory, platform.random);
  closers.add(() => directory.close());
  const { log, reopen } = openNodeLog(settings, options.noColor, clock);
  options.onAlive?.({ log, retract: () => directory.retract(), reload: reopen });
  const unmatched = platform.machine.unmatchedInterfaces?.() ?? [];
  if (unmatched.length > 0) log.warn("no interface matches", { interfaces: unmatched.join(", ") });
  const metrics = createPrometheusMetrics();
  const server = openApi(settings, {
    portAsked: options.origins.port.kind !== "default",
    timers: platform.timers,
    sourceOf: new TailnetSources(tailnet, platform.clock).sourceOf,
    trustedProxies: settings.trustedProxy.map(readCidr).filter((one) => one !== undefined),
  });
  closers.add(() => server.stop());
  const store = await openThreadedStore({
    spawn: () => workerDisk(options.spawnDisk()),
    path: directory.pathOf(DATABASE_FILE),
    timers: platform.timers,
    log,
  });
  closers.add(() => store.close());
  const forked = await settleDirectory(options, { ...platform, directory, store, log });
  const identity = identityFromSeed(await directory.key.current());
  await refuseForeignKey(identity.nodeId, directory.pathOf("key"), store.journal);
  const joined = await joinedHub(store.journal);
  const plan = withHub(planned, joined);
  const name = await keptName(store.journal, settings.name);
  const remembered = await recallPeers(store.journal, settings.cluster);

  const sockets = new TailnetSockets(real.sockets, tailnet);
  await tailnet.meet();
  const core = createCore(
    {
      ...platform,
      startOffsetMs: drawStartOffset(clock, platform.random),
      sockets,
      machine: chooseInterfaces(tailnet.extend(real.machine), settings.interfaces),
      network: new TailnetNetwork(real.network, tailnet),
      files: directory.files,
      store,
      spawnSimulation: () => workerSimulation(options.spawnWorker()),
      spawnReplay: () =>
        workerReplay(options.spawnWorker(), {
          directory: directory.path,
          tickRate: settings.tickRate,
        }),
      backends: createBackends(plan.words, {
        ...platform,
        log,
        tailnet,
        hubs: plan.hubs,
        remembered,
        settings,
        faults: options.faults,
      }),
      lease: createLease(settings, platform),
      log,
      metrics,
    },
    { ...coreSettings(options, plan, server.port), serverId: name },
    identity,
  );
  let phase: "recovering" | "healthy" | "stopping" = "recovering";
  let recovered: RecoveryReport = { total: 0, tanks: [], durationMs: 0 };
  let tanksMade = 0;
  const recovery = () => viewRecovery(recovered, tanksMade);
  const shown = showSettings(
    { values: settings, origins: options.origins, faults: options.faults },
    settledSettings(settings, { dataDirectory: directory.path, name, joined, server }),
  );
  server.serve({
    ...core,
    clock,
    log,
    meter: metrics,
    version,
    signChallenge: (challenge) => signChallenge(identity, challenge),
    publicKey: identity.publicKey,
    controlToken: directory.token,
    get allowedHosts() {
      return [...settings.allowHost, ...tailnet.ownNames];
    },
    hostname: platform.machine.hostname,
    phase: () => phase,
    recovery,
    settings: () => ({ node_id: identity.nodeId, server_id: core.cluster.serverId, ...shown }),
    metrics: () => metrics.render(),
  });
  const url = `http://${formatHostPort({ host: localHost(settings.host), port: server.port })}`;
  directory.announce({ url, node_id: identity.nodeId, pid: options.pid });
  metrics.set("tankd_info", 1, { version, node_id: identity.nodeId, cluster: settings.cluster });
  log.info("node starting", { version, node_id: identity.nodeId, url, data_dir: directory.path });
  if (server.movedFrom !== undefined) {
    log.warn("port taken", { port: server.movedFrom, listening_at: server.port });
  }

  closers.add(() => {
    phase = "stopping";
    return core.stop();
  });
  if (settings.onRoleChange !== undefined) {
    runOnRoleChange(core.cluster, settings.onRoleChange, options.runShell, log);
  }
  const start = await core.start({
    ...(options.signal && { signal: options.signal }),
    onProgress: (report) => {
      recovered = report;
      options.onProgress?.(report);
    },
  });
  recovered = start.recovery;
  tanksMade = start.tanksMade;
  phase = "healthy";
  closers.add(platform.timers.after(START_OVER_MS, compileReadily));
  log.info("node healthy", { tanks: core.tanks.list().length });
  return {
    url,
    networkUrl: networkUrlOf(core, settings.host),
    port: server.port,
    movedFrom: server.movedFrom,
    directory: directory.path,
    nodeId: identity.nodeId,
    recovery: recovery(),
    forked,
    drain: async () => {
      const { shutdownDelayMs } = timingOf(settings.profile, settings);
      if (shutdownDelayMs === 0) return;
      log.info("node draining", { shutdown_delay_ms: shutdownDelayMs });
      phase = "stopping";
      await sleep(platform.timers, shutdownDelayMs);
    },
    stop: async () => {
      log.info("node stopping");
      await closers.close();
      log.info("node stopped");
    },
  };
}

/** Completes an interrupted fork, and makes a new one on request. */
async function settleDirectory(
  { settings, fork, signal }: NodeOptions,
  ports: RealPlatform & {
    readonly directory: DataDirectory;
    readonly store: Store;
    readonly log: Log;
  },
): Promise<ForkReport | undefined> {
  const { key, files } = ports.directory;
  await settleFork(key, ports.store.journal);
  if (!fork) return undefined;
  const controls = { paused: false, tickRate: settings.tickRate, fastForwardTo: undefined };
  const engineVersion = ENGINE_VERSION;
  return forkNode({ ...ports, key, files, controls, engineVersion, signal });
}

/** IPv4 and IPv6 through one socket; IPv4 only on a kernel without IPv6. */
const EVERYWHERE = ["::", "0.0.0.0"] as const;

function openApi(settings: Settings, options: Omit<ListenOptions, "host" | "port">): ApiServer {
  const asked = { ...options, port: settings.port };
  if (settings.host !== undefined) return listen({ host: settings.host, ...asked });
  try {
    return listen({ host: EVERYWHERE[0], ...asked });
  } catch (error) {
    if (!(error instanceof Problem && error.code === "bad_setting")) throw error;
    return listen({ host: EVERYWHERE[1], ...asked });
  }
}

function isEverywhere(host: string | undefined): boolean {
  return host === undefined || EVERYWHERE.some((one) => one === host);
}

function localHost(host: string | undefined): string {
  return host === undefined || isEverywhere(host) ? "127.0.0.1" : host;
}

function networkUrlOf({ cluster }: Core, host: string | undefined): string | undefined {
  const url = cluster.self().api_url;
  return isEverywhere(host) && !/^http:\/\/(127\.|\[::1\])/.test(url) ? url : undefined;
}

function coreSettings(
  { settings, version, secret }: NodeOptions,
  { hubs }: DiscoveryPlan,
  port: number,
): Omit<CoreSettings, "serverId"> {
  const advertised = settings.advertise && readHostAndPort(settings.advertise);
  return {
    version,
    cluster: settings.cluster,
    host: isEverywhere(settings.host) ? undefined : settings.host,
    port,
    advertise: advertised ? [{ host: advertised.host, port: advertised.port ?? port }] : [],
    role: settings.role,
    priority: settings.priority,
    hubs,
    register: settings.register,
    tags: settings.tag,
    capabilities: settings.capability,
    region: settings.region,
    zone: settings.zone,
    resources: settings.resource,
    metadata: settings.metadata,
    secret,
    nameConflict: settings.nameConflict,
    timing: timingOf(settings.profile, settings),
    tickRate: settings.tickRate,
    threads: settings.threads,
    retention: {
      logRetention: settings.logRetention,
      pastBudget: { perTankBytes: settings.pastPerTank, perNodeBytes: settings.pastPerNode },
    },
    autoConnect: settings.autoConnect,
    firstTanks: { tanks: settings.tanks, fish: settings.fish, seed: settings.seed },
  };
}
