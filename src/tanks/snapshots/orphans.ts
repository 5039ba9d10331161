import type { Files } from "../../platform/files.ts";
import { SNAPSHOTS, snapshotFolder } from "./snapshot-making.ts";

/**
 * Removes the snapshots of tanks that nobody knows: a crash came between the file of a forked tank
 * and its commit, or between the commit of a removal and the end of the files. Returns how many
 * tanks they were of. `isKnown` is asked just before, as a tank may be in the making.
 */
export async function removeOrphans(
  files: Files,
  isKnown: (tankId: string) => boolean,
): Promise<number> {
  let removed = 0;
  for (const tankId of await files.folders(SNAPSHOTS)) {
    if (isKnown(tankId)) continue;
    await files.removeFolder(snapshotFolder(tankId));
    removed++;
  }
  return removed;
}
