import type { Files } from "../../platform/files.ts";
import type { JournalReads } from "../../store/journal.ts";
import type { LogRow, SnapshotRow, TankRow, Watermark } from "../../store/rows.ts";
import { Snapshots } from "../snapshots/snapshots.ts";
import type { CapturedState } from "../thread/simulation.ts";

/** A point in a tank's history: the number of applied log entries, and of ticks. */
export interface Place {
  readonly seq: number;
  readonly tick: number;
}

/** The durable record of one tank's past, wherever it was read from. */
export interface Chronicle {
  readonly row: TankRow;
  /** Its log, as far as it was not trimmed, ascending. */
  readonly entries: readonly LogRow[];
  /** States whose digests are known, oldest first. */
  readonly snapshots: readonly SnapshotRow[];
  /** The last acknowledged entry, where it is stored outside of the log. */
  readonly watermark: Watermark | undefined;
  /** Whether there is more of it than its digest. */
  hasState(snapshot: SnapshotRow): boolean;
  /** Throws DamagedSnapshot when it cannot be read. */
  stateOf(snapshot: SnapshotRow): Promise<CapturedState>;
}

/**
 * The durable end of a tank's past: its last entry, or the tick of its newest snapshot, which may
 * be later. Ticks after both were only observed; after a recovery they may turn out differently.
 */
export function promiseOf({ entries, snapshots }: Chronicle): Place {
  const [entry, snapshot] = [entries.at(-1), snapshots.at(-1)];
  return {
    seq: Math.max(entry?.seq ?? 0, snapshot?.seq ?? 0),
    tick: Math.max(entry?.tick ?? 0, snapshot?.tick ?? 0),
  };
}

/** The source of chronicles. It may be read while a node writes to it. */
export interface ChronicleSource {
  readonly journal: Pick<JournalReads, "tanks" | "log" | "snapshots" | "watermark">;
  readonly files: Files;
}

/** The past of a tank up to its last commit; undefined when there is no such tank. */
export async function readChronicle(
  { journal, files }: ChronicleSource,
  tankId: string,
): Promise<Chronicle | undefined> {
  const row = (await journal.tanks()).find((tank) => tank.tank_id === tankId);
  if (row === undefined) return undefined;
  // In this order, so that what the node adds meanwhile never looks like a loss.
  const watermark = await journal.watermark(tankId);
  const snapshots = (await journal.snapshots(tankId)).toReversed();
  const entries = await journal.log(tankId, 0);
  const reader = new Snapshots(files, row);
  const stateOf = (snapshot: SnapshotRow) => reader.read(snapshot);
  return { row, entries, snapshots, watermark, hasState: () => true, stateOf };
}

/**
 * The same past with later additions, without reading all of it again; undefined when its beginning
 * has been trimmed meanwhile.
 */
export async function extendChronicle(
  { journal }: ChronicleSource,
  known: Chronicle,
): Promise<Chronicle | undefined> {
  const { tank_id } = known.row;
  const watermark = await journal.watermark(tank_id);
  const snapshots = (await journal.snapshots(tank_id)).toReversed();
  if (snapshots[0]?.file !== known.snapshots[0]?.file) return undefined;
  const more = await journal.log(tank_id, known.entries.at(-1)?.seq ?? 0);
  return { ...known, watermark, snapshots, entries: [...known.entries, ...more] };
}
