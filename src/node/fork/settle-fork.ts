import { z } from "zod";
import { identityFromSeed } from "../../cluster/identity/identity.ts";
import { Problem } from "../../platform/errors.ts";
import type { NodeKey } from "../../platform/node-key.ts";
import type { Journal } from "../../store/journal.ts";

/** Set by the commit that makes a directory another node: which one it is from then on. */
export const FORK_KEY = "node.fork";

const forkSchema = z.object({ node_id: z.string() });

/**
 * Before a node knows who it is: ends what a crash has cut short. The commit of a fork is its point
 * of no return. If it is there the prepared key becomes the node's, if not the key goes.
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
    `its key is not that of node ${forked}, which its database belongs to: ` +
      "restore both from one backup",
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

/** The node that a key stands for; undefined for a seed of another length. */
function idOf(seed: Uint8Array): string | undefined {
  return seed.length === 32 ? identityFromSeed(seed).nodeId : undefined;
}
