/** How often things happen and when silence means something. Milliseconds. */
export interface Timing {
  readonly heartbeatMs: number;
  readonly discoveryRefreshMs: number;
  readonly healthCheckMs: number;
  readonly discoveryTimeoutMs: number;
  readonly pruneAfterMs: number;
  readonly migrationCheckMs: number;
  readonly peerTimeoutMs: number;
  /** How often a request to a peer is repeated at once when no connection came about. */
  readonly peerRetries: number;
  /** How long a node that was told to end says so by `/ready` before it goes. */
  readonly shutdownDelayMs: number;
}

export const PROFILES = ["default", "development", "production"] as const;
export type Profile = (typeof PROFILES)[number];

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

const TIMINGS: Readonly<Record<Profile, Timing>> = {
  default: {
    heartbeatMs: 10 * second,
    discoveryRefreshMs: 30 * second,
    healthCheckMs: 15 * second,
    discoveryTimeoutMs: 5 * second,
    pruneAfterMs: hour,
    migrationCheckMs: 2 * second,
    peerTimeoutMs: 10 * second,
    peerRetries: 3,
    shutdownDelayMs: 0,
  },
  development: {
    heartbeatMs: 2 * second,
    discoveryRefreshMs: 10 * second,
    healthCheckMs: 5 * second,
    discoveryTimeoutMs: 2 * second,
    pruneAfterMs: 10 * minute,
    migrationCheckMs: 2 * second,
    peerTimeoutMs: 10 * second,
    peerRetries: 3,
    shutdownDelayMs: 0,
  },
  production: {
    heartbeatMs: 30 * second,
    discoveryRefreshMs: 60 * second,
    healthCheckMs: 30 * second,
    discoveryTimeoutMs: 10 * second,
    pruneAfterMs: 24 * hour,
    migrationCheckMs: 10 * second,
    peerTimeoutMs: 10 * second,
    peerRetries: 3,
    shutdownDelayMs: 5 * second,
  },
};

/** Which part of the timing a setting is about. */
export const TIMING_OF_SETTING = {
  heartbeatInterval: "heartbeatMs",
  discoveryRefresh: "discoveryRefreshMs",
  healthCheck: "healthCheckMs",
  discoveryTimeout: "discoveryTimeoutMs",
  peerTimeout: "peerTimeoutMs",
  peerRetries: "peerRetries",
  pruneAfter: "pruneAfterMs",
  shutdownDelay: "shutdownDelayMs",
} as const satisfies Readonly<Record<string, keyof Timing>>;

type TimingKey = keyof typeof TIMING_OF_SETTING;

/** The timing of a profile, with the values that were given one by one in their places. */
export function timingOf(
  profile: Profile,
  given: { readonly [K in TimingKey]?: number | undefined } = {},
): Timing {
  const single = Object.entries(TIMING_OF_SETTING).flatMap(([key, field]) => {
    const value = isTimingKey(key) ? given[key] : undefined;
    return value === undefined ? [] : [[field, value] as const];
  });
  return { ...TIMINGS[profile], ...Object.fromEntries(single) };
}

/** Whether a setting is about timing. */
export function isTimingKey(key: string): key is TimingKey {
  return Object.hasOwn(TIMING_OF_SETTING, key);
}
