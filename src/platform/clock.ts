/**
 * The two clocks of a machine. Wall time names an instant to people; only monotonic time measures.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump when the machine's clock is set. */
  wallMs(): number;
  /** Milliseconds since an arbitrary origin. Never goes back. */
  monotonicMs(): number;
}

/** The form in which every instant leaves the process: RFC 3339 in UTC with milliseconds. */
export function rfc3339(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
