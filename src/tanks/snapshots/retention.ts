import type { SnapshotRow } from "../../store/rows.ts";

/**
 * How much of a tank's past is kept. `trim`: as much as its budget allows. `all`: every log entry,
 * and the snapshot from which the log can be replayed.
 */
export const LOG_RETENTIONS = ["trim", "all"] as const;
export type LogRetention = (typeof LOG_RETENTIONS)[number];

/** How many bytes of the disk the past may take: snapshots and log together. */
export interface PastBudget {
  readonly perTankBytes: number;
  /** Shared equally by all tanks. */
  readonly perNodeBytes: number;
}

export interface RetentionRules {
  /** Default: trim. */
  readonly logRetention?: LogRetention;
  /** Default: only what recovery needs. */
  readonly pastBudget?: PastBudget;
}

/** Decides which of a tank's snapshots are kept, newest first; see {@link retainedWithin}. */
export type Retain = (snapshots: readonly SnapshotRow[], isWhole: boolean) => Retained;

/** `tanks` returns the number of tanks that the node has at the moment. */
export function retainBy(
  { logRetention, pastBudget }: RetentionRules,
  tanks: () => number,
): Retain {
  if (logRetention === "all") return retainedForEver;
  const { perTankBytes, perNodeBytes } = pastBudget ?? { perTankBytes: 0, perNodeBytes: 0 };
  return (snapshots, isWhole) => {
    const share = Math.floor(perNodeBytes / Math.max(1, tanks()));
    return retainedWithin(Math.min(perTankBytes, share), snapshots, isWhole);
  };
}

/** The newest snapshot, and the one before it as a fallback: kept whatever their size. */
const SNAPSHOTS_NEEDED = 2;
/** More snapshots make views of the past hardly faster, and an archive lists at most 64. */
const SNAPSHOTS_MAX = 48;

export interface Retained {
  readonly kept: readonly SnapshotRow[];
  readonly dropped: readonly SnapshotRow[];
  /** Log entries up to this one are removed; 0: none. */
  readonly logUpToSeq: number;
}

/** A state from which the log can be replayed. */
type Base = Pick<SnapshotRow, "seq" | "tick" | "bytes" | "log_bytes">;

/** The state that the spec makes; it takes no space. */
const BEGINNING: Base = { seq: 0, tick: 0, bytes: 0, log_bytes: 0 };

/**
 * Decides which of a tank's snapshots are kept, and how far its log is trimmed, so that its past
 * takes at most `bytesMax`. Intermediate snapshots are dropped first, those with the nearest
 * neighbours before others: they only save replay time. Where the log takes more than the
 * snapshots, the oldest part of the past is dropped. `snapshots` are newest first; `isWhole`: the
 * log reaches back to the state that the spec makes.
 */
export function retainedWithin(
  bytesMax: number,
  snapshots: readonly SnapshotRow[],
  isWhole: boolean,
): Retained {
  let bases: readonly Base[] = isWhole ? [...snapshots, BEGINNING] : snapshots;
  while (bases.length > SNAPSHOTS_NEEDED && isOverBudget(bases, bytesMax)) {
    const dropped = leastMissed(bases);
    bases = bases.filter((_, at) => at !== dropped);
  }
  const isKept = (row: SnapshotRow) => bases.includes(row);
  const oldest = bases.length < SNAPSHOTS_NEEDED ? undefined : bases.at(-1);
  return { ...split(snapshots, isKept), logUpToSeq: oldest?.seq ?? 0 };
}

/** Keeps the whole log, and the snapshots from which each engine can replay it. */
export function retainedForEver(snapshots: readonly SnapshotRow[]): Retained {
  const newest = snapshots.slice(0, SNAPSHOTS_NEEDED);
  // The oldest of each engine, from which that engine can replay. A snapshot of the same entry
  // replaces the one before, so the past of a tank without commands begins at the later tick.
  const bases = snapshots.filter(
    ({ engine_version }, at) =>
      !snapshots.slice(at + 1).some((older) => older.engine_version === engine_version),
  );
  const stays = (row: SnapshotRow) => newest.includes(row) || bases.includes(row);
  return { ...split(snapshots, stays), logUpToSeq: 0 };
}

function split(snapshots: readonly SnapshotRow[], stays: (row: SnapshotRow) => boolean) {
  return {
    kept: snapshots.filter(stays),
    dropped: snapshots.filter((row) => !stays(row)),
  };
}

function isOverBudget(bases: readonly Base[], bytesMax: number): boolean {
  return bases.length > SNAPSHOTS_MAX || snapshotBytes(bases) + logBytes(bases) > bytesMax;
}

/** The index of the base to drop next. */
function leastMissed(bases: readonly Base[]): number {
  const oldest = bases.length - 1;
  if (bases.length <= SNAPSHOTS_MAX && logBytes(bases) > snapshotBytes(bases)) return oldest;
  let [least, nearest] = [oldest, Number.POSITIVE_INFINITY];
  for (let at = SNAPSHOTS_NEEDED; at < oldest; at++) {
    const [after, before] = [bases[at - 1], bases[at + 1]];
    const ticks = (after?.tick ?? 0) - (before?.tick ?? 0);
    if (ticks < nearest) [least, nearest] = [at, ticks];
  }
  return least;
}

function snapshotBytes(bases: readonly Base[]): number {
  return bases.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Size of the log from the oldest to the newest base. */
function logBytes(bases: readonly Base[]): number {
  return (bases[0]?.log_bytes ?? 0) - (bases.at(-1)?.log_bytes ?? 0);
}
