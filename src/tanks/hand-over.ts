import { atOnce } from "../platform/at-once.ts";
import { messageOf, Problem, StorageUnavailable } from "../platform/errors.ts";
import type { Files } from "../platform/files.ts";
import type { TankRow } from "../store/rows.ts";
import type { SnapshotTaker } from "./snapshots/snapshot-taker.ts";
import type { Snapshots } from "./snapshots/snapshots.ts";
import type { StorageWatch } from "./storage-watch.ts";
import type { TankIncarnation } from "./tank-incarnation.ts";
import type { HostedTank } from "./tanks.ts";

/** Snapshots that are written at the same time: each waits for the disk twice. */
const WRITES_AT_ONCE = 8;

/** A file of a tank, by its path below the data directory. */
export interface TankFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Tanks that leave for another node, and tanks that come from one. Nothing of this decides who owns
 * a tank: the caller's commit does. All methods reject with Problem.
 */
export interface TankHandOver {
  /**
   * Stops the tank for as long as it takes: its last state is on the disk, and it neither ticks nor
   * changes until {@link TankHandOver.release} or {@link TankHandOver.handOver}, also after a
   * restart if the journal has a sealed move of it. `reason` is what it shows. On rejection it goes
   * on.
   */
  seal(tankId: string, reason: string): Promise<TankRow>;
  /** A sealed tank goes on, as if nothing had been. */
  release(tankId: string): Promise<void>;
  /** Forgets a sealed tank once `commit` has removed it. On rejection it stays sealed. */
  handOver(tankId: string, commit: () => Promise<void>): Promise<void>;
  /**
   * Hosts a tank of another node. `commit` makes it durable, under the name and ordinal that it is
   * given. On rejection nothing is left of it.
   */
  takeOver(
    row: TankRow,
    files: readonly TankFile[],
    commit: (row: TankRow) => Promise<void>,
  ): Promise<HostedTank>;
}

/** Ends an incarnation's clock with a snapshot. Rejects where its last state is not on the disk. */
export async function layDown(
  incarnation: TankIncarnation,
  taker: SnapshotTaker,
  snapshots: Snapshots,
): Promise<void> {
  const last = await incarnation.captureFinally();
  await taker.idle();
  await taker.take(incarnation, last);
  if (snapshots.has(last.state)) return;
  throw new Problem("storage_unavailable", "its last state cannot be written to the disk");
}

/** Writes the files of a tank, then commits it. On rejection no file is left. */
export async function settleIn(
  files: readonly TankFile[],
  commit: () => Promise<void>,
  ports: {
    readonly disk: Files;
    readonly snapshots: Snapshots;
    readonly storage: StorageWatch;
  },
): Promise<void> {
  const { disk, snapshots, storage } = ports;
  try {
    await atOnce(WRITES_AT_ONCE, files, ({ path, bytes }) => disk.writeDurably(path, bytes));
    await commit();
  } catch (error) {
    await snapshots.removeAll().catch(() => {});
    if (error instanceof Problem) throw error;
    const isStorage = error instanceof StorageUnavailable;
    if (isStorage) storage.failed(error);
    const code = isStorage ? "storage_unavailable" : "conflict";
    throw new Problem(code, messageOf(error), { cause: error });
  }
}
