import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { parseHubUrl } from "../../discovery/hub/url.ts";
import type { Journal } from "../../store/journal.ts";

const META_KEY = "cluster.joined_hub";

/** The hub that this node was told to join at run time; undefined if there is none. */
export async function joinedHub(journal: Pick<Journal, "meta">): Promise<Address | undefined> {
  const url = await journal.meta(META_KEY);
  if (!url) return undefined;
  try {
    return parseHubUrl(url);
  } catch {
    // Written by a version with another form of URLs; it can be joined again.
    return undefined;
  }
}

/** Stores the hub for the next start, or deletes it. Resolves once that is durable. */
export async function keepJoinedHub(
  journal: Pick<Journal, "commit">,
  hub: Address | undefined,
): Promise<void> {
  const value = hub === undefined ? "" : `http://${formatHostPort(hub)}`;
  await journal.commit([{ put: "meta", key: META_KEY, value }]);
}
