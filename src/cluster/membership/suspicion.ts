/** Pings of a successor to its hub; the others ping every {@link WORKER_PING_MS}. */
export const SUCCESSOR_PING_MS = 400;
/**
 * 50 workers cost their hub 30 pings a second; their loss only confirms what a successor has seen.
 */
export const WORKER_PING_MS = 2_000;

/**
 * Silence beyond one ping that makes a hub suspect, on machines that keep up: three pings of a
 * successor.
 */
const SUSPECT_AFTER_MS = 1_200;
/** However slow both machines are, a hub that says nothing for as long is not one. */
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
 * Silence after which the hub is suspect. A starved machine answers late, on either side, and is
 * not dead (Lifeguard's local health, Dadgar, Phillips and Currey 2018, extended to the health of
 * the other side).
 */
export function suspectAfterMs(
  { ownLagMs, hubLagMs, peakRttMs }: Slowness,
  pingIntervalMs: number,
): number {
  const allowance = 2 * ownLagMs + 2 * hubLagMs + 4 * peakRttMs;
  const beyondPing = pingIntervalMs - SUCCESSOR_PING_MS;
  return Math.min(SUSPECT_AFTER_MAX_MS, SUSPECT_AFTER_MS + beyondPing + allowance);
}

/** A maximum that forgets. */
export function decayingMax(before: number, observed: number): number {
  return Math.max(observed, before * DECAY);
}
