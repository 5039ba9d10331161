/** `unknown`: it could not be determined. */
export type Result = "ok" | "warn" | "fail" | "unknown";

/** The result of one check. */
export interface Check {
  /** Stable; the subject comes first: `disk`, `multicast:eth0:IPv4`, `peer:reef`. */
  readonly id: string;
  readonly result: Result;
  /** The finding, in one sentence without a full stop. */
  readonly what: string;
  /** The remedy; null where none is needed. */
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
