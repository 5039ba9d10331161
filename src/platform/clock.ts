/**
 * The two clocks of a machine. Wall time identifies an instant; durations use monotonic time only.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump when the machine's clock is set. */
  wallMs(): number;
  /** Milliseconds since an arbitrary origin. Never goes back. */
  monotonicMs(): number;
}

/** The external format of every instant: RFC 3339 in UTC with milliseconds. */
export function rfc3339(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
