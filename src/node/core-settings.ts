import { readHostAndPort } from "../discovery/host-and-port.ts";
import type { ClusterSecret } from "./cluster-secret.ts";
import type { CoreSettings } from "./core.ts";
import type { DiscoveryPlan } from "./discovery-plan.ts";
import { isEverywhere } from "./listening.ts";
import type { NodeOptions } from "./node-options.ts";
import { filterOf } from "./settings/values.ts";
import { timingOf } from "./timing.ts";

/**
 * A census takes a tank 0.1 ms, and each partner one or two requests: nothing, once a minute. Soon
 * enough to find what is wrong while the logs still tell how it came about.
 */
const AUDIT_INTERVAL_MS = 60_000;

/** What the core is told of the settings. `port`: of the API; `name`: as it was kept. */
export function coreSettings(
  { settings, version }: NodeOptions,
  { hubs }: DiscoveryPlan,
  found: {
    readonly port: number;
    readonly name: string | undefined;
    readonly secret: ClusterSecret;
  },
): CoreSettings {
  const { port } = found;
  const advertised = settings.advertise && readHostAndPort(settings.advertise);
  return {
    version,
    serverId: found.name,
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
    // Read at each use, since it may have been reloaded.
    get secret() {
      return found.secret.current;
    },
    nameConflict: settings.nameConflict,
    timing: timingOf(settings.profile, settings),
    tickRate: settings.tickRate,
    threads: settings.threads,
    retention: {
      logRetention: settings.logRetention,
      pastBudget: { perTankBytes: settings.pastPerTank, perNodeBytes: settings.pastPerNode },
    },
    autoConnect: settings.autoConnect,
    replacement: settings.replacement,
    strangerBudget: {
      perMinute: settings.strangerTransfers,
      tankPercent: settings.strangerFish,
      rowsMax: settings.strangerRows,
    },
    autoConnectTo: filterOf(settings.autoConnectTo),
    balance: settings.balance,
    quotas: {
      inboundPerSecond: settings.inboundTransfersPerSecond,
      inboundBurst: settings.inboundTransfersBurst,
      perBatch: settings.transfersPerBatch,
    },
    auditIntervalMs: AUDIT_INTERVAL_MS,
    firstTanks: { tanks: settings.tanks, fish: settings.fish, seed: settings.seed },
  };
}
