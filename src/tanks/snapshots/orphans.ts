import type { Files } from "../../platform/files.ts";
import { SNAPSHOTS, snapshotFolder } from "./snapshot-making.ts";

/**
 * Removes the snapshots of unknown tanks. A crash leaves them between the file of a forked tank and
 * its commit, or between the commit of a removal and the deletion of the files. Returns the number
 * of such tanks. `isKnown` is called just before each deletion, as a tank may be created meanwhile.
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
