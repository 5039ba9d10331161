import type { SnapshotRow } from "../../store/rows.ts";

/**
 * What becomes of a tank's past. `trim`: the log that snapshots cover goes, so that a tank's disk
 * space is bounded. `all`: no entry of the log ever goes, nor the snapshot from which it can be
 * replayed.
 */
export const LOG_RETENTIONS = ["trim", "all"] as const;
export type LogRetention = (typeof LOG_RETENTIONS)[number];

/** The newest, and the one before it to fall back to. */
const SNAPSHOTS_KEPT = 2;

export interface Retained {
  readonly kept: readonly SnapshotRow[];
  readonly dropped: readonly SnapshotRow[];
  /** Entries of the log up to this one go; 0: none. */
  readonly logUpToSeq: number;
}

/** Which of a tank's snapshots stay, newest first, and how far its log may be trimmed. */
export function retained(snapshots: readonly SnapshotRow[], retention: LogRetention): Retained {
  const newest = snapshots.slice(0, SNAPSHOTS_KEPT);
  if (retention === "trim") {
    const dropped = snapshots.slice(SNAPSHOTS_KEPT);
    const oldest = newest[SNAPSHOTS_KEPT - 1];
    return { kept: newest, dropped, logUpToSeq: oldest?.seq ?? 0 };
  }
  // The oldest of each engine: there a replay by that engine can begin. A snapshot of the same
  // entry takes the place of the one before, so a tank that was never told anything begins at the
  // later tick.
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
