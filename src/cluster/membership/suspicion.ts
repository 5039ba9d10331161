/** Pings of a successor to its hub. */
export const SUCCESSOR_PING_MS = 400;
/** The others only confirm what a successor has seen. */
export const WORKER_PING_MS = 2_000;
/** A hub where nothing happens is asked by all its workers together ten times a second, … */
const CALM_PING_PER_WORKER_MS = 100;
/** … and by each at least this often: it keeps the connection open, and news are not older. */
const CALM_PING_MAX_MS = 5_000;

/**
 * A ping that is unanswered for so long makes the hub suspect, on machines that keep up: two pings
 * of a successor.
 */
const SUSPECT_AFTER_MS = 800;
/** However slow both machines are, a hub that leaves a ping unanswered for as long is not one. */
const SUSPECT_AFTER_MAX_MS = 8_000;
/**
 * Refusals that make it certain that nobody listens there, and how far apart: a restart takes less.
 */
export const REFUSALS_MIN = 2;
/** Each observation forgets a fifth of the worst one. */
const DECAY = 0.8;

/** What makes a living hub seem silent; all decaying maxima in milliseconds. */
export interface Slowness {
  /** How late this node's own timers are. */
  readonly ownLagMs: number;
  /** How late the hub says that its timers are. */
  readonly hubLagMs: number;
  readonly peakRttMs: number;
}

/**
 * How long a ping may stay unanswered before the hub is suspect. A starved machine answers late, on
 * either side, and is not dead (Lifeguard's local health, Dadgar, Phillips and Currey 2018,
 * extended to the health of the other side).
 */
export function suspectAfterMs({ ownLagMs, hubLagMs, peakRttMs }: Slowness): number {
  const allowance = 2 * ownLagMs + 2 * hubLagMs + 4 * peakRttMs;
  return Math.min(SUSPECT_AFTER_MAX_MS, SUSPECT_AFTER_MS + allowance);
}

/** How often one of so many workers pings a hub where nothing has happened for a while. */
export function calmPingMs(workers: number): number {
  const sharedMs = workers * CALM_PING_PER_WORKER_MS;
  return Math.min(CALM_PING_MAX_MS, Math.max(WORKER_PING_MS, sharedMs));
}

/** A maximum that forgets. */
export function decayingMax(before: number, observed: number): number {
  return Math.max(observed, before * DECAY);
}
