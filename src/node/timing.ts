/** Intervals and timeouts, in milliseconds. */
export interface Timing {
  readonly heartbeatMs: number;
  readonly discoveryRefreshMs: number;
  readonly healthCheckMs: number;
  readonly discoveryTimeoutMs: number;
  readonly pruneAfterMs: number;
  readonly migrationCheckMs: number;
  readonly peerTimeoutMs: number;
  /** Immediate retries of a request to a peer when no connection was established. */
  readonly peerRetries: number;
  /** Time for which `/ready` fails before the node leaves after SIGTERM. */
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

/** Maps settings to fields of the timing. */
export const TIMING_OF_SETTING = {
  heartbeatInterval: "heartbeatMs",
  discoveryRefresh: "discoveryRefreshMs",
  healthCheck: "healthCheckMs",
  discoveryTimeout: "discoveryTimeoutMs",
  drawInterval: "migrationCheckMs",
  peerTimeout: "peerTimeoutMs",
  peerRetries: "peerRetries",
  pruneAfter: "pruneAfterMs",
  shutdownDelay: "shutdownDelayMs",
} as const satisfies Readonly<Record<string, keyof Timing>>;

type TimingKey = keyof typeof TIMING_OF_SETTING;

/** The timing of a profile, with single values replaced by explicit settings. */
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
