/** Interval of pings of a successor to its hub. */
export const SUCCESSOR_PING_MS = 400;
/** The other workers only confirm what a successor has seen. */
export const WORKER_PING_MS = 2_000;
/** All workers together ping a hub without changes ten times a second, … */
const CALM_PING_PER_WORKER_MS = 100;
/**
 * … and each at least this often, which keeps the connection open and bounds the age of changes.
 */
const CALM_PING_MAX_MS = 5_000;

/**
 * A ping without an answer for this long makes the hub suspect, on machines that keep up: two pings
 * of a successor.
 */
const SUSPECT_AFTER_MS = 800;
/**
 * However slow both machines are, a hub that leaves a ping unanswered for this long cannot serve.
 */
const SUSPECT_AFTER_MAX_MS = 8_000;
/**
 * Number of refusals that prove that nothing listens there, and their distance: a restart takes
 * less.
 */
export const REFUSALS_MIN = 2;
/** Each observation reduces the maximum by a fifth. */
const DECAY = 0.8;

/** Delays that make a live hub seem silent; all decaying maxima in milliseconds. */
export interface Slowness {
  /** The delay of this node's own timers. */
  readonly ownLagMs: number;
  /** The delay of the hub's timers, as it reports it. */
  readonly hubLagMs: number;
  readonly peakRttMs: number;
}

/**
 * How long a ping may stay unanswered before the hub is suspect. A starved machine on either side
 * answers late, and is not dead (Lifeguard's local health, Dadgar, Phillips and Currey 2018,
 * extended to the health of the other side).
 */
export function suspectAfterMs({ ownLagMs, hubLagMs, peakRttMs }: Slowness): number {
  const allowance = 2 * ownLagMs + 2 * hubLagMs + 4 * peakRttMs;
  return Math.min(SUSPECT_AFTER_MAX_MS, SUSPECT_AFTER_MS + allowance);
}

/**
 * The interval at which one of `workers` workers pings a hub that has had no changes for a while.
 */
export function calmPingMs(workers: number): number {
  const sharedMs = workers * CALM_PING_PER_WORKER_MS;
  return Math.min(CALM_PING_MAX_MS, Math.max(WORKER_PING_MS, sharedMs));
}

/** A decaying maximum. */
export function decayingMax(before: number, observed: number): number {
  return Math.max(observed, before * DECAY);
}
