import { Problem } from "../platform/errors.ts";
import type { Journal } from "../store/journal.ts";

/**
 * Which node the database belongs to. A key is 32 bytes without a checksum: any other 32 would
 * pass.
 */
const OWNER_KEY = "node.owner";

/**
 * Holds the node that the key stands for against the one that the database was kept by, which is
 * remembered at the first start. A damaged or lost key would else be another node with the first
 * one's tanks, and what others owe to the first would never arrive.
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
