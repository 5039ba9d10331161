import { Problem } from "../../platform/errors.ts";
import type { SnapshotRow } from "../../store/rows.ts";
import { firstChecksum } from "../log/log-chain.ts";
import type { Chronicle, Place } from "./chronicle.ts";

/** A state after which the log is complete and of this engine. */
export interface Origin extends Place {
  /** Of the log up to this state. */
  readonly checksum: string;
  /** Undefined for the initial state, which is built from the tank's spec. */
  readonly snapshot: SnapshotRow | undefined;
}

export interface Origins {
  /** Oldest first; at least one. */
  readonly all: readonly [Origin, ...Origin[]];
  /** Messages about what cannot be replayed. */
  readonly notes: readonly string[];
}

/**
 * The states from which this engine can replay. Throws Problem `other_engine` when only another
 * version can, `outside_history` when no such state is left.
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

/** The states after which no entry is missing, of any engine. */
export function wholeOrigins(chronicle: Chronicle): readonly Origin[] {
  const { row, entries, snapshots } = chronicle;
  const first = entries[0]?.seq ?? (snapshots.at(-1)?.seq ?? 0) + 1;
  const kept = snapshots
    .filter((snapshot) => snapshot.seq + 1 >= first && chronicle.hasState(snapshot))
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
    "nothing of its past can be replayed: its log is complete after none of its snapshots",
  );
}
