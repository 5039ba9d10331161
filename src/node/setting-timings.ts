import { LIMITS } from "../platform/limits.ts";
import { setting } from "./setting.ts";
import { duration, integer } from "./setting-kinds.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** `tankd stop` and the units of systemd wait 150 s for the whole end, with its last snapshot. */
const SHUTDOWN_DELAY_MAX_MS = minute;

/** Single timings, each in the place of the profile's. */
export const TIMING_SETTINGS = {
  heartbeatInterval: setting({
    // Hubs refuse any other.
    kind: duration(LIMITS.heartbeatIntervalMinMs, LIMITS.heartbeatIntervalMaxMs),
    default: undefined,
    flag: "--heartbeat-interval",
    placeholder: "duration",
    env: "TANKD_HEARTBEAT_INTERVAL",
    help:
      "between two heartbeats; " +
      "after 2 of them without one a server is degraded, after 3 offline",
    defaultHelp: "10s, by profile",
  }),
  discoveryRefresh: setting({
    kind: duration(second, hour),
    default: undefined,
    flag: "--discovery-refresh",
    placeholder: "duration",
    env: "TANKD_DISCOVERY_REFRESH",
    help: "between two looks of discovery for other nodes",
    defaultHelp: "30s, by profile",
  }),
  healthCheck: setting({
    kind: duration(second / 2, hour),
    default: undefined,
    flag: "--health-check",
    placeholder: "duration",
    env: "TANKD_HEALTH_CHECK",
    help: "between two looks at the list of servers",
    defaultHelp: "15s, by profile",
  }),
  discoveryTimeout: setting({
    kind: duration(100, minute),
    default: undefined,
    flag: "--discovery-timeout",
    placeholder: "duration",
    env: "TANKD_DISCOVERY_TIMEOUT",
    help: "for an answer of a hub or of a node that was found",
    defaultHelp: "5s, by profile",
  }),
  peerTimeout: setting({
    kind: duration(100, 5 * minute),
    default: undefined,
    flag: "--peer-timeout",
    placeholder: "duration",
    env: "TANKD_PEER_TIMEOUT",
    help: "for the answer of a node to which a fish was sent",
    defaultHelp: "10s, by profile",
  }),
  peerRetries: setting({
    kind: integer(0, 10),
    default: undefined,
    flag: "--peer-retries",
    placeholder: "number",
    env: "TANKD_PEER_RETRIES",
    help: "how often a fish is sent again at once when no connection comes about, before a pause",
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
