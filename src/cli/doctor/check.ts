/** `unknown`: it could not be found out. */
export type Result = "ok" | "warn" | "fail" | "unknown";

/** One thing that was looked at. */
export interface Check {
  /** Stable, what is looked at first: `disk`, `multicast:eth0:IPv4`, `peer:reef`. */
  readonly id: string;
  readonly result: Result;
  /** What was found, in one sentence without its full stop. */
  readonly what: string;
  /** What to type or to do; null where nothing needs to be done. */
  readonly mend: string | null;
}

export function ok(id: string, what: string): Check {
  return { id, result: "ok", what, mend: null };
}

export function warn(id: string, what: string, mend: string | null): Check {
  return { id, result: "warn", what, mend };
}

export function fail(id: string, what: string, mend: string | null): Check {
  return { id, result: "fail", what, mend };
}

export function unknown(id: string, what: string, mend: string | null = null): Check {
  return { id, result: "unknown", what, mend };
}
