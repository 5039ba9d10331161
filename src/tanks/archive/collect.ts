import { Problem } from "../../platform/errors.ts";
import { type Chronicle, promiseOf } from "../replay/chronicle.ts";
import { type Origin, wholeOrigins } from "../replay/origins.ts";
import { DamagedSnapshot } from "../snapshots/snapshot-file.ts";
import { makeSnapshot } from "../snapshots/snapshot-making.ts";
import type { TankArchive } from "./archive.ts";

/** Who makes an archive, and when. */
export interface ArchiveMaker {
  readonly programVersion: string;
  readonly madeAtMs: number;
  /** Of a tank without a past, which no engine has touched yet. */
  readonly engineVersion: number;
}

/**
 * The longest past of a tank that one engine can replay, up to its last commit: from the oldest
 * sound state after which everything is of the engine that wrote its end. Throws Problem
 * `outside_history` when no state is left.
 */
export async function collectArchive(
  chronicle: Chronicle,
  maker: ArchiveMaker,
): Promise<TankArchive> {
  const { row, entries, snapshots, watermark } = chronicle;
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
    `no sound snapshot of the tank ${row.name} is left from which its log goes on to entry ${seq}`,
  );
}

/** The engine that wrote the end of it. */
function engineOf({ entries, snapshots }: Chronicle): number | undefined {
  return (entries.at(-1) ?? snapshots.at(-1))?.engine_version;
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
      logChecksum: snapshot.log_checksum,
      createdAtMs: snapshot.created_at,
    });
    return { snapshot, file };
  } catch (error) {
    // Damaged, or trimmed away by the node that runs: a later one will do.
    if (error instanceof DamagedSnapshot) return "damaged";
    throw error;
  }
}
