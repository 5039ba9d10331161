import type { Files } from "../../platform/files.ts";
import type { JournalReads } from "../../store/journal.ts";
import type { LogRow, SnapshotRow, TankRow, Watermark } from "../../store/rows.ts";
import { Snapshots } from "../snapshots/snapshots.ts";
import type { CapturedState } from "../thread/simulation.ts";

/**
 * A point of a tank's history: so many entries of its log are applied, so many ticks have passed.
 */
export interface Place {
  readonly seq: number;
  readonly tick: number;
}

/** All that is durable of one tank's past, wherever it was read from. */
export interface Chronicle {
  readonly row: TankRow;
  /** What is left of its log, ascending. */
  readonly entries: readonly LogRow[];
  /** States whose digests are known, oldest first. */
  readonly snapshots: readonly SnapshotRow[];
  /** The last entry that was ever acknowledged, where it is remembered outside of the log. */
  readonly watermark: Watermark | undefined;
  /** Throws DamagedSnapshot when it cannot be had. */
  stateOf(snapshot: SnapshotRow): Promise<CapturedState>;
}

/**
 * How far a tank's past is promised: up to its last entry, and to the tick of its newest snapshot,
 * which may be later. What ticked on after both was only watched, and may come otherwise.
 */
export function promiseOf({ entries, snapshots }: Chronicle): Place {
  const [entry, snapshot] = [entries.at(-1), snapshots.at(-1)];
  return {
    seq: Math.max(entry?.seq ?? 0, snapshot?.seq ?? 0),
    tick: Math.max(entry?.tick ?? 0, snapshot?.tick ?? 0),
  };
}

/** Where chronicles of tanks are read, also beside the node that writes them. */
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
  // In this order: what the node adds meanwhile is then only more than was expected.
  const watermark = await journal.watermark(tankId);
  const snapshots = (await journal.snapshots(tankId)).toReversed();
  const entries = await journal.log(tankId, 0);
  const reader = new Snapshots(files, row);
  return { row, entries, snapshots, watermark, stateOf: (snapshot) => reader.read(snapshot) };
}

/**
 * The same past with what was added to it since, without reading it all again; undefined when the
 * old part of it has been trimmed meanwhile.
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
