/** How often things happen and when silence means something. Milliseconds. CONTRACT, "Settings". */
export interface Timing {
  readonly heartbeatMs: number;
  readonly degradedAfterMs: number;
  readonly offlineAfterMs: number;
  readonly discoveryRefreshMs: number;
  readonly healthCheckMs: number;
  readonly discoveryTimeoutMs: number;
  readonly pruneAfterMs: number;
  readonly migrationCheckMs: number;
  readonly peerTimeoutMs: number;
  readonly peerRetries: number;
}

export const PROFILES = ["default", "development", "production"] as const;
export type Profile = (typeof PROFILES)[number];

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

const TIMINGS: Readonly<Record<Profile, Timing>> = {
  default: {
    heartbeatMs: 10 * second,
    degradedAfterMs: 20 * second,
    offlineAfterMs: 30 * second,
    discoveryRefreshMs: 30 * second,
    healthCheckMs: 15 * second,
    discoveryTimeoutMs: 5 * second,
    pruneAfterMs: hour,
    migrationCheckMs: 2 * second,
    peerTimeoutMs: 10 * second,
    peerRetries: 3,
  },
  development: {
    heartbeatMs: 2 * second,
    degradedAfterMs: 4 * second,
    offlineAfterMs: 6 * second,
    discoveryRefreshMs: 10 * second,
    healthCheckMs: 5 * second,
    discoveryTimeoutMs: 2 * second,
    pruneAfterMs: 10 * minute,
    migrationCheckMs: 2 * second,
    peerTimeoutMs: 10 * second,
    peerRetries: 3,
  },
  production: {
    heartbeatMs: 30 * second,
    degradedAfterMs: 60 * second,
    offlineAfterMs: 90 * second,
    discoveryRefreshMs: 60 * second,
    healthCheckMs: 30 * second,
    discoveryTimeoutMs: 10 * second,
    pruneAfterMs: 24 * hour,
    migrationCheckMs: 10 * second,
    peerTimeoutMs: 10 * second,
    peerRetries: 3,
  },
};

export function timingOf(profile: Profile): Timing {
  return TIMINGS[profile];
}
