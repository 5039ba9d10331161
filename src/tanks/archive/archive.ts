import { Problem } from "../../platform/errors.ts";
import { savedSpec } from "../../sim/index.ts";
import type { LogRow, SnapshotRow, TankRow, Watermark } from "../../store/rows.ts";
import { specOf } from "../log/history.ts";
import type { Chronicle } from "../replay/chronicle.ts";
import { DamagedSnapshot } from "../snapshots/snapshot-file.ts";
import { stateIn } from "../snapshots/snapshots.ts";
import { unpackState } from "../snapshots/state-packing.ts";
import type { CapturedState } from "../thread/simulation.ts";

/** A tank's past in one piece: what a replay on any machine needs. */
export interface TankArchive {
  readonly row: TankRow;
  /** Of the engine that can replay it. */
  readonly engineVersion: number;
  /** Of the program that made it. */
  readonly programVersion: string;
  /** Unix milliseconds. */
  readonly madeAtMs: number;
  /** The state from which the log goes on; undefined where the spec makes it. */
  readonly base: { readonly snapshot: SnapshotRow; readonly file: Uint8Array } | undefined;
  /** Digests to compare on the way, oldest first; the base's is among them. */
  readonly snapshots: readonly SnapshotRow[];
  /** Everything after the base, ascending. */
  readonly entries: readonly LogRow[];
  /**
   * The last entry that was ever acknowledged, so that a log that has lost its end does not look
   * whole.
   */
  readonly watermark: Watermark | undefined;
}

/** Media type of an archive, and how its file's name ends. */
export const ARCHIVE_TYPE = "application/vnd.tankd.tank";
export const ARCHIVE_SUFFIX = ".tank";

/** A name for the file that every file system and header can carry (RFC 6266, appendix D). */
export function archiveFileName(tankName: string): string {
  const plain = tankName.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replaceAll(/^[-.]+|-+$/g, "");
  return `${plain || "tank"}${ARCHIVE_SUFFIX}`;
}

/** An archive as something to replay. */
export function chronicleOf(archive: TankArchive): Chronicle {
  const { row, base, snapshots, entries, watermark } = archive;
  return {
    row,
    entries,
    // Before the base there is nothing to begin from, and nothing to compare.
    snapshots: snapshots.filter(({ seq }) => seq >= (base?.snapshot.seq ?? 0)),
    watermark,
    stateOf: async (snapshot) => {
      if (snapshot.seq !== base?.snapshot.seq) {
        throw new DamagedSnapshot("the archive has its digest only");
      }
      return foreignState(base.file, snapshot, row);
    },
  };
}

/** Throws Problem `other_engine`, naming the version that can replay the archive. */
export function requireEngine(archive: TankArchive, engineVersion: number): void {
  if (archive.engineVersion === engineVersion) return;
  throw new Problem(
    "other_engine",
    `the archive is of engine ${archive.engineVersion}, this is engine ${engineVersion}: ` +
      `use tankd ${archive.programVersion}, which made it`,
  );
}

/** A state that anybody may have made: a tank of another size would take memory as it likes. */
function foreignState(file: Uint8Array, snapshot: SnapshotRow, row: TankRow): CapturedState {
  const state = stateIn(file, snapshot);
  const [spec, said] = [savedSpecOf(state), specOf(row)];
  if (spec.seed !== said.seed || spec.fish !== said.fish || spec.tankKey !== said.tankKey) {
    throw new DamagedSnapshot("its state is of another tank");
  }
  return state;
}

function savedSpecOf({ packed }: CapturedState) {
  try {
    return savedSpec(unpackState(packed));
  } catch (error) {
    throw new DamagedSnapshot("its state cannot be read", { cause: error });
  }
}
