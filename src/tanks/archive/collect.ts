import { Problem } from "../../platform/errors.ts";
import type { SnapshotRow } from "../../store/rows.ts";
import { type Chronicle, promiseOf } from "../replay/chronicle.ts";
import { type Origin, wholeOrigins } from "../replay/origins.ts";
import { DamagedSnapshot } from "../snapshots/snapshot-file.ts";
import { makeSnapshot } from "../snapshots/snapshot-making.ts";
import type { TankArchive } from "./archive.ts";

/** The program that creates an archive, and the time. */
export interface ArchiveMaker {
  readonly programVersion: string;
  readonly madeAtMs: number;
  /** The engine of a tank without entries. */
  readonly engineVersion: number;
}

/**
 * Collects the longest past of a tank that one engine can replay, up to its last commit. It begins
 * at the oldest intact state after which all entries are of the engine that wrote the last one.
 * Throws Problem `outside_history` when there is no such state.
 */
export async function collectArchive(
  chronicle: Chronicle,
  maker: ArchiveMaker,
): Promise<TankArchive> {
  const { row, entries, watermark } = chronicle;
  const snapshots = chronicle.snapshots.map(uncounted);
  const engineVersion = engineOf(chronicle) ?? maker.engineVersion;
  const { programVersion, madeAtMs } = maker;
  const head = { row, engineVersion, programVersion, madeAtMs };
  const foreign = entries.findLast((entry) => entry.engine_version !== engineVersion);
  const origins = wholeOrigins(chronicle).filter(({ seq }) => seq >= (foreign?.seq ?? 0));
  for (const origin of origins) {
    const base = await baseAt(chronicle, origin);
    if (base === "damaged") continue;
    return {
      ...head,
      base,
      snapshots: snapshots.filter(({ seq }) => seq >= origin.seq),
      entries: entries.filter(({ seq }) => seq > origin.seq),
      watermark,
    };
  }
  const { seq } = promiseOf(chronicle);
  throw new Problem(
    "outside_history",
    `no intact snapshot of tank ${row.name} is left from which its log continues to entry ${seq}`,
  );
}

/** The engine that wrote the last entry. */
function engineOf({ entries, snapshots }: Chronicle): number | undefined {
  return (entries.at(-1) ?? snapshots.at(-1))?.engine_version;
}

/** Archives do not store the size of the log. */
function uncounted(snapshot: SnapshotRow): SnapshotRow {
  return { ...snapshot, log_bytes: 0 };
}

async function baseAt(
  { row, stateOf }: Chronicle,
  { snapshot }: Origin,
): Promise<TankArchive["base"] | "damaged"> {
  if (!snapshot) return undefined;
  try {
    const state = await stateOf(snapshot);
    const { bytes: file } = makeSnapshot(row, {
      state,
      engineVersion: snapshot.engine_version,
      logEnd: { checksum: snapshot.log_checksum, bytes: snapshot.log_bytes },
      createdAtMs: snapshot.created_at,
    });
    return { snapshot: uncounted(snapshot), file };
  } catch (error) {
    // Damaged, or trimmed meanwhile by the running node: try a later one.
    if (error instanceof DamagedSnapshot) return "damaged";
    throw error;
  }
}
