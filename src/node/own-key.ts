import { Problem } from "../platform/errors.ts";
import type { Journal } from "../store/journal.ts";

/**
 * The node that owns the database. A key is 32 bytes without a checksum, so any 32 bytes are one.
 */
const OWNER_KEY = "node.owner";

/**
 * Compares the key's node with the one that owns the database, which is stored at the first start.
 * Otherwise a damaged or lost key would make another node with the tanks of the first, and fish in
 * escrow would never return to them.
 * @throws Problem `data_directory_unusable`
 */
export async function refuseForeignKey(
  nodeId: string,
  keyPath: string,
  journal: Pick<Journal, "meta" | "commit">,
): Promise<void> {
  const owner = await journal.meta(OWNER_KEY);
  if (owner === nodeId) return;
  if (owner === undefined) {
    await journal.commit([{ put: "meta", key: OWNER_KEY, value: nodeId }]);
    return;
  }
  throw new Problem(
    "data_directory_unusable",
    `${keyPath} is not the key of this directory's node (${owner}): restore it from a backup, or ` +
      "start with --fork to go on as a new node",
  );
}
