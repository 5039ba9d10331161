import type { AuditNote } from "../cluster/server-record.ts";
import { duration } from "../platform/durations.ts";

/** What a node's last audit of its own has found, and how old the last complete one is. */
export function noteWords(
  { complete, missing, double, whole_at }: AuditNote,
  nowMs: number,
): string {
  const age =
    whole_at === null
      ? "none was complete yet"
      : `complete ${duration(Math.max(0, nowMs - Date.parse(whole_at)) / 1000)} ago`;
  if (missing + double > 0) return `${missing} fish missing, ${double} double; ${age}`;
  return complete ? `fine, ${age}` : `not complete; ${age}`;
}

export function isFine({ missing, double }: AuditNote): boolean {
  return missing + double === 0;
}
