import { invariant, Problem } from "../../platform/errors.ts";
import { savedSpec } from "../../sim/index.ts";
import type { LogRow, SnapshotRow, TankRow, Watermark } from "../../store/rows.ts";
import { specOf } from "../log/history.ts";
import type { Chronicle } from "../replay/chronicle.ts";
import { DamagedSnapshot } from "../snapshots/snapshot-file.ts";
import { stateIn } from "../snapshots/snapshots.ts";
import { unpackState } from "../snapshots/state-packing.ts";
import type { CapturedState } from "../thread/simulation.ts";

/** A tank's past in one piece: all that a replay needs, on any machine. */
export interface TankArchive {
  readonly row: TankRow;
  /** Of the engine that can replay it. */
  readonly engineVersion: number;
  /** Of the program that created it. */
  readonly programVersion: string;
  /** Unix milliseconds. */
  readonly madeAtMs: number;
  /** The state that the log continues; undefined where it is built from the spec. */
  readonly base: { readonly snapshot: SnapshotRow; readonly file: Uint8Array } | undefined;
  /** Digests that a replay verifies, oldest first, including the base's. */
  readonly snapshots: readonly SnapshotRow[];
  /** All entries after the base, ascending. */
  readonly entries: readonly LogRow[];
  /** The last acknowledged entry, so that a log without its end does not look complete. */
  readonly watermark: Watermark | undefined;
}

/** Media type of an archive, and the extension of its file. */
export const ARCHIVE_TYPE = "application/vnd.tankd.tank";
export const ARCHIVE_SUFFIX = ".tank";

/** A file name that is valid on every file system and in a header (RFC 6266, appendix D). */
export function archiveFileName(tankName: string): string {
  const plain = tankName.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replaceAll(/^[-.]+|-+$/g, "");
  return `${plain || "tank"}${ARCHIVE_SUFFIX}`;
}

/** The chronicle in an archive, for a replay. */
export function chronicleOf(archive: TankArchive): Chronicle {
  const { row, base, snapshots, entries, watermark } = archive;
  return {
    row,
    entries,
    // Snapshots before the base cannot be reached by a replay.
    snapshots: snapshots.filter(({ seq }) => seq >= (base?.snapshot.seq ?? 0)),
    watermark,
    hasState: ({ seq }) => seq === base?.snapshot.seq,
    stateOf: async (snapshot) => {
      invariant(snapshot.seq === base?.snapshot.seq, "an archive has no state but its base");
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

/** Reads an untrusted state. A tank of another size could take any amount of memory. */
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
