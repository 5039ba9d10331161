import type { SnapshotRow } from "../../store/rows.ts";

/**
 * How much of a tank's past is kept. `trim`: log entries that snapshots cover are removed, which
 * bounds a tank's disk space. `all`: every log entry is kept, and the snapshot from which it can be
 * replayed.
 */
export const LOG_RETENTIONS = ["trim", "all"] as const;
export type LogRetention = (typeof LOG_RETENTIONS)[number];

/** The newest snapshot, and the one before it as a fallback. */
const SNAPSHOTS_KEPT = 2;

export interface Retained {
  readonly kept: readonly SnapshotRow[];
  readonly dropped: readonly SnapshotRow[];
  /** Log entries up to this one are removed; 0: none. */
  readonly logUpToSeq: number;
}

/** Decides which of a tank's snapshots are kept, newest first, and how far its log is trimmed. */
export function retained(snapshots: readonly SnapshotRow[], retention: LogRetention): Retained {
  const newest = snapshots.slice(0, SNAPSHOTS_KEPT);
  if (retention === "trim") {
    const dropped = snapshots.slice(SNAPSHOTS_KEPT);
    const oldest = newest[SNAPSHOTS_KEPT - 1];
    return { kept: newest, dropped, logUpToSeq: oldest?.seq ?? 0 };
  }
  // The oldest of each engine, from which that engine can replay. A snapshot of the same entry
  // replaces the one before, so the past of a tank without commands begins at the later tick.
  const bases = snapshots.filter(
    ({ engine_version }, at) =>
      !snapshots.slice(at + 1).some((older) => older.engine_version === engine_version),
  );
  const stays = (row: SnapshotRow) => newest.includes(row) || bases.includes(row);
  return {
    kept: snapshots.filter(stays),
    dropped: snapshots.filter((row) => !stays(row)),
    logUpToSeq: 0,
  };
}
