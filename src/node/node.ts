import { TailnetSources } from "../adapters/tailscale/sources.ts";
import { type RecoveryView, viewRecovery } from "../api/recovery-view.ts";
import type { ApiServer } from "../api/server.ts";
import { signChallenge } from "../cluster/identity/proof.ts";
import { formatHostPort } from "../discovery/addresses.ts";
import { readCidr } from "../discovery/cidr.ts";
import { messageOf, Problem, StorageUnavailable } from "../platform/errors.ts";
import { openAcceptedSockets } from "../platform/real/accepted-sockets.ts";
import { compileReadily } from "../platform/real/compilation.ts";
import { type DataDirectory, openDataDirectory } from "../platform/real/data-directory.ts";
import { ownDescriptors } from "../platform/real/descriptors.ts";
import { openSharedMemory, type SharedMemoryFiles } from "../platform/real/shared-memory.ts";
import { withRemedy } from "../platform/real/storage-failures.ts";
import { startWorker } from "../platform/real/threads.ts";
import { sleep } from "../platform/timers.ts";
import type { RecoveryReport } from "../tanks/recovery-report.ts";
import { workerReplay } from "../tanks/replay/worker-replay.ts";
import { workerSimulation } from "../tanks/worker-host.ts";
import type { Log } from "../telemetry/log.ts";
import { createPrometheusMetrics, type PrometheusMetrics } from "../telemetry/prometheus.ts";
import { createBackends } from "./backends.ts";
import { Closers } from "./closers.ts";
import { ClusterSecret } from "./cluster-secret.ts";
import { type Core, createCore } from "./core.ts";
import { coreSettings } from "./core-settings.ts";
import { type DiscoveryPlan, planDiscovery, withHub } from "./discovery-plan.ts";
import { createLease } from "./lease.ts";
import { localHost, openApi } from "./listening.ts";
import { networkUrlOf } from "./network-url.ts";
import { openNodeLog } from "./node-log.ts";
import type { NodeOptions, StartedNode } from "./node-options.ts";
import { type Outside, reachOutside } from "./outside.ts";
import { runOnRoleChange } from "./role-hook.ts";
import { showSettings } from "./settings/shown.ts";
import type { Settings } from "./settings/table.ts";
import { settledSettings } from "./settled-settings.ts";
import { openStoredState, type StoredState } from "./stored-state.ts";
import { timingOf } from "./timing.ts";

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
    const why = withRemedy(messageOf(error));
    throw new Problem("storage_unavailable", `${options.dataDirectory}: ${why}`, { cause: error });
  }
}

/** The parts of a node that its steps of starting share. */
interface Parts {
  readonly options: NodeOptions;
  readonly plan: DiscoveryPlan;
  readonly outside: Outside;
  readonly directory: DataDirectory;
  readonly log: Log;
  readonly secret: ClusterSecret;
  readonly metrics: PrometheusMetrics;
  readonly server: ApiServer;
  readonly stored: StoredState;
  /** Undefined where the system has none, or none is wanted. */
  readonly sharedMemory: SharedMemoryFiles | undefined;
}

/** Each step adds what closes it, so a failure closes the ones before. */
async function assemble(options: NodeOptions, closers: Closers): Promise<StartedNode> {
  const { settings } = options;
  const plan = planDiscovery(settings);
  const outside = reachOutside(settings);
  const { clock, random, timers, machine } = outside.platform;
  const directory = openDataDirectory(options.dataDirectory, random);
  closers.add(() => directory.close());
  const { log, reopen } = openNodeLog(settings, options.noColor, clock);
  const secret = new ClusterSecret(options.readSecret);
  const reload = () => {
    reopen();
    secret.reload(log);
  };
  options.onAlive?.({ log, retract: () => directory.retract(), reload });
  const unmatched = machine.unmatchedInterfaces?.() ?? [];
  if (unmatched.length > 0) log.warn("no interface matches", { interfaces: unmatched.join(", ") });
  const metrics = createPrometheusMetrics();
  const server = openApi(settings, {
    portAsked: options.origins.port.kind !== "default",
    timers,
    sourceOf: new TailnetSources(outside.tailnet, clock).sourceOf,
    trustedProxies: settings.trustedProxy.map(readCidr).filter((one) => one !== undefined),
    guard: {
      clock,
      log,
      meter: metrics,
      descriptors: ownDescriptors,
      openSockets: openAcceptedSockets,
      perAddressMax: settings.connectionsPerAddress,
    },
  });
  closers.add(() => server.stop());
  const ports = { ...outside.platform, directory, log };
  const stored = await openStoredState(options, ports, closers);
  await outside.tailnet.meet();
  const sharedMemory = sharedMemoryOf(settings, directory.path);
  const opened = { directory, log, metrics, server, stored, sharedMemory };
  const parts: Parts = { options, plan, outside, secret, ...opened };
  return run(parts, wireCore(parts), closers);
}

/** What an earlier run has left is given up where none is wanted: the tanks go on without it. */
function sharedMemoryOf(
  { sharedMemory }: Settings,
  directory: string,
): SharedMemoryFiles | undefined {
  const memory = openSharedMemory(directory);
  if (sharedMemory === "auto") return memory;
  memory?.removeAll();
  return undefined;
}

function wireCore(parts: Parts): Core {
  const { options, outside, directory, log, secret, metrics, server, stored } = parts;
  const { sharedMemory } = parts;
  const { settings } = options;
  const { platform, tailnet } = outside;
  const plan = withHub(parts.plan, stored.hub);
  const { store, remembered } = stored;
  const backends = createBackends(plan.words, {
    ...platform,
    log,
    tailnet,
    hubs: plan.hubs,
    remembered,
    settings,
    faults: options.faults,
  });
  return createCore(
    {
      ...outside.withTailnet(),
      files: directory.files,
      store,
      spawnSimulation: () =>
        workerSimulation(startWorker(options.spawnWorker), sharedMemory?.folder),
      sharedMemory,
      spawnReplay: () =>
        workerReplay(startWorker(options.spawnWorker), {
          directory: directory.path,
          tickRate: settings.tickRate,
        }),
      backends,
      lease: createLease(settings, platform),
      log,
      metrics,
    },
    coreSettings(options, plan, { port: server.port, name: stored.name, secret }),
    stored.identity,
  );
}

/** A node has found its cluster by then, even when fifty start on two cores. */
const START_OVER_MS = 30_000;

/** Serves the API, recovers the tanks, joins the cluster. */
async function run(parts: Parts, core: Core, closers: Closers): Promise<StartedNode> {
  const { options, outside, directory, log, server, stored } = parts;
  const { settings, signal } = options;
  const { timers } = outside.platform;
  const state = new NodeState();
  serve(parts, core, state);
  const url = `http://${formatHostPort({ host: localHost(settings.host), port: server.port })}`;
  announce(parts, url);
  closers.add(() => {
    // Of a start that was broken off, the next one can still make use.
    if (state.hasBeenHealthy) parts.sharedMemory?.removeAll();
  });
  closers.add(() => {
    state.phase = "stopping";
    return core.stop();
  });
  if (settings.onRoleChange !== undefined) {
    runOnRoleChange(core.cluster, settings.onRoleChange, options.runShell, log);
  }
  const start = await core.start({
    ...(signal && { signal }),
    onProgress: (report) => {
      state.recovered = report;
      options.onProgress?.(report);
    },
  });
  state.recovered = start.recovery;
  state.tanksMade = start.tanksMade;
  state.phase = "healthy";
  state.hasBeenHealthy = true;
  closers.add(timers.after(START_OVER_MS, compileReadily));
  log.info("node healthy", { tanks: core.tanks.list().length });
  return {
    url,
    networkUrl: networkUrlOf(url, core.cluster.self().api_url),
    port: server.port,
    movedFrom: server.movedFrom,
    directory: directory.path,
    nodeId: stored.identity.nodeId,
    recovery: state.recovery(),
    forked: stored.forked,
    drain: async () => {
      const { shutdownDelayMs } = timingOf(settings.profile, settings);
      if (shutdownDelayMs === 0) return;
      log.info("node draining", { shutdown_delay_ms: shutdownDelayMs });
      state.phase = "stopping";
      await sleep(timers, shutdownDelayMs);
    },
    stop: async () => {
      log.info("node stopping");
      await closers.close();
      log.info("node stopped");
    },
  };
}

/** What the API tells of the start and the end of a node. */
class NodeState {
  phase: "recovering" | "healthy" | "stopping" = "recovering";
  hasBeenHealthy = false;
  recovered: RecoveryReport = { total: 0, tanks: [], durationMs: 0 };
  tanksMade = 0;

  recovery(): RecoveryView {
    return viewRecovery(this.recovered, this.tanksMade);
  }
}

function serve(parts: Parts, core: Core, state: NodeState): void {
  const { options, outside, directory, log, metrics, server, stored } = parts;
  const { platform, tailnet } = outside;
  const { identity } = stored;
  const { settings: values, origins, faults } = options;
  const settledBy = { ...stored, dataDirectory: directory.path, server };
  const shown = showSettings({ values, origins, faults }, settledSettings(values, settledBy));
  server.serve({
    ...core,
    clock: platform.clock,
    log,
    meter: metrics,
    version: options.version,
    signChallenge: (challenge) => signChallenge(identity, challenge),
    publicKey: identity.publicKey,
    controlToken: directory.token,
    get allowedHosts() {
      return [...options.settings.allowHost, ...tailnet.ownNames];
    },
    hostname: platform.machine.hostname,
    phase: () => state.phase,
    recovery: () => state.recovery(),
    settings: () => ({ node_id: identity.nodeId, server_id: core.cluster.serverId, ...shown }),
    metrics: () => metrics.render(),
  });
}

/** Writes down that the node runs, where commands look for it, and says so. */
function announce({ options, directory, log, metrics, server, stored }: Parts, url: string): void {
  const { version, settings } = options;
  const { nodeId } = stored.identity;
  const { pid, pidNamespace } = options;
  directory.announce({ url, node_id: nodeId, pid, pid_namespace: pidNamespace });
  metrics.set("tankd_info", 1, { version, node_id: nodeId, cluster: settings.cluster });
  log.info("node starting", { version, node_id: nodeId, url, data_dir: directory.path });
  if (server.movedFrom !== undefined) {
    log.warn("port taken", { port: server.movedFrom, listening_at: server.port });
  }
}
