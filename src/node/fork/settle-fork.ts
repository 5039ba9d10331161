import { z } from "zod";
import { identityFromSeed } from "../../cluster/identity/identity.ts";
import { Problem } from "../../platform/errors.ts";
import type { NodeKey } from "../../platform/node-key.ts";
import type { Journal } from "../../store/journal.ts";

/** Set by the commit of a fork: the id of the node that the directory belongs to from then on. */
export const FORK_KEY = "node.fork";

const forkSchema = z.object({ node_id: z.string() });

/**
 * Completes or discards a fork that a crash has interrupted, before the node's key is read. The
 * commit of a fork is its point of no return: if it exists, the prepared key becomes the node's;
 * otherwise the key is deleted.
 * @throws Problem `data_directory_unusable` where the key and the database are of different nodes
 */
export async function settleFork(key: NodeKey, journal: Pick<Journal, "meta">): Promise<void> {
  const next = await key.next();
  const forked = readFork(await journal.meta(FORK_KEY));
  if (next) {
    const isAdopted = forked !== undefined && forked === idOf(next);
    if (isAdopted) await key.adopt();
    else await key.drop();
  }
  if (forked === undefined || forked === idOf(await key.current())) return;
  throw new Problem(
    "data_directory_unusable",
    `its key is not that of node ${forked}, which owns its database: restore both from one backup`,
  );
}

function readFork(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return forkSchema.safeParse(JSON.parse(text)).data?.node_id;
  } catch {
    return undefined;
  }
}

/** The id of the node with this key; undefined for a seed of another length. */
function idOf(seed: Uint8Array): string | undefined {
  return seed.length === 32 ? identityFromSeed(seed).nodeId : undefined;
}
