import { LIMITS } from "../../platform/limits.ts";
import { duration, integer } from "./kinds.ts";
import { setting } from "./setting.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** `tankd stop` and the systemd units wait 150 s in all, for the last snapshots, too. */
const SHUTDOWN_DELAY_MAX_MS = minute;

/** Single timings, each of which overrides the profile's. */
export const TIMING_SETTINGS = {
  heartbeatInterval: setting({
    // Hubs refuse other values.
    kind: duration(LIMITS.heartbeatIntervalMinMs, LIMITS.heartbeatIntervalMaxMs),
    default: undefined,
    flag: "--heartbeat-interval",
    placeholder: "duration",
    env: "TANKD_HEARTBEAT_INTERVAL",
    help:
      "interval of heartbeats; after 2 intervals without one a server is degraded, after " +
      "3 offline",
    defaultHelp: "10s, by profile",
  }),
  discoveryRefresh: setting({
    kind: duration(second, hour),
    default: undefined,
    flag: "--discovery-refresh",
    placeholder: "duration",
    env: "TANKD_DISCOVERY_REFRESH",
    help: "interval at which discovery looks for other nodes",
    defaultHelp: "30s, by profile",
  }),
  healthCheck: setting({
    kind: duration(second / 2, hour),
    default: undefined,
    flag: "--health-check",
    placeholder: "duration",
    env: "TANKD_HEALTH_CHECK",
    help: "interval of the checks of the list of servers",
    defaultHelp: "15s, by profile",
  }),
  discoveryTimeout: setting({
    kind: duration(100, minute),
    default: undefined,
    flag: "--discovery-timeout",
    placeholder: "duration",
    env: "TANKD_DISCOVERY_TIMEOUT",
    help: "timeout of requests to hubs and to discovered nodes",
    defaultHelp: "5s, by profile",
  }),
  drawInterval: setting({
    kind: duration(100, hour),
    default: undefined,
    flag: "--draw-interval",
    placeholder: "duration",
    env: "TANKD_DRAW_INTERVAL",
    help: "interval of the draws in which connections decide whether fish leave",
    defaultHelp: "2s, by profile",
  }),
  peerTimeout: setting({
    kind: duration(100, 5 * minute),
    default: undefined,
    flag: "--peer-timeout",
    placeholder: "duration",
    env: "TANKD_PEER_TIMEOUT",
    help: "timeout of a transfer request to another node",
    defaultHelp: "10s, by profile",
  }),
  peerRetries: setting({
    kind: integer(0, 10),
    default: undefined,
    flag: "--peer-retries",
    placeholder: "number",
    env: "TANKD_PEER_RETRIES",
    help: "immediate retries of a transfer when no connection is established, before a pause",
    defaultHelp: "3, by profile",
  }),
  pruneAfter: setting({
    kind: duration(second, 30 * 24 * hour),
    default: undefined,
    flag: "--prune-after",
    placeholder: "duration",
    env: "TANKD_PRUNE_AFTER",
    help: "how long an offline server stays listed",
    defaultHelp: "1h, by profile",
  }),
  shutdownDelay: setting({
    kind: duration(0, SHUTDOWN_DELAY_MAX_MS),
    default: undefined,
    flag: "--shutdown-delay",
    placeholder: "duration",
    env: "TANKD_SHUTDOWN_DELAY",
    help:
      "after SIGTERM, how long /ready fails before the node leaves and closes its port, " +
      "so that load balancers send nothing more",
    defaultHelp: "0s; 5s in the production profile",
  }),
} as const;
