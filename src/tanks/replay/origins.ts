import { Problem } from "../../platform/errors.ts";
import type { SnapshotRow } from "../../store/rows.ts";
import { firstChecksum } from "../log/log-chain.ts";
import type { Chronicle, Place } from "./chronicle.ts";

/** A state from which the log after it is unbroken and of this engine. */
export interface Origin extends Place {
  /** Of the log up to here. */
  readonly checksum: string;
  /** Undefined: what the tank's spec makes. */
  readonly snapshot: SnapshotRow | undefined;
}

export interface Origins {
  /** Oldest first; at least one. */
  readonly all: readonly [Origin, ...Origin[]];
  /** What cannot be replayed here, in words. */
  readonly notes: readonly string[];
}

/**
 * Where a replay by this engine may begin. Throws Problem `other_engine` when only another version
 * can, `outside_history` when nothing is left to begin from.
 */
export function originsOf(chronicle: Chronicle, engineVersion: number): Origins {
  const { entries } = chronicle;
  const foreign = entries.findLast((entry) => entry.engine_version !== engineVersion);
  const whole = wholeOrigins(chronicle);
  const [first, ...others] = whole.filter(({ seq }) => seq >= (foreign?.seq ?? 0));
  if (first === undefined) throw foreign ? otherEngine(foreign.engine_version) : nothingLeft();
  const skipped = foreign && whole[0]?.seq !== first.seq;
  const note =
    `entries up to ${foreign?.seq} are of engine ${foreign?.engine_version}, ` +
    `this is engine ${engineVersion}: replayed from entry ${first.seq} on`;
  return { all: [first, ...others], notes: skipped ? [note] : [] };
}

/** Those from which no entry is missing, whoever wrote them. */
export function wholeOrigins({ row, entries, snapshots }: Chronicle): readonly Origin[] {
  const first = entries[0]?.seq ?? (snapshots.at(-1)?.seq ?? 0) + 1;
  const kept = snapshots
    .filter(({ seq }) => seq + 1 >= first)
    .map((snapshot): Origin => {
      const { seq, tick, log_checksum } = snapshot;
      return { seq, tick, checksum: log_checksum, snapshot };
    });
  if (row.origin !== "founded" || entries[0]?.seq !== 1) return kept;
  return [{ seq: 0, tick: 0, checksum: firstChecksum(row), snapshot: undefined }, ...kept];
}

function otherEngine(version: number): Problem {
  return new Problem(
    "other_engine",
    `the end of its log was written by engine ${version}: replay it with that version of tankd`,
  );
}

function nothingLeft(): Problem {
  return new Problem(
    "outside_history",
    "nothing of its past can be replayed: no snapshot of it is left from which its log is whole",
  );
}
