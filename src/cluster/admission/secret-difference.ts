import { isMember } from "./membership-tag.ts";

/**
 * A clause about how a node's secret differs from this node's; undefined if it does not. If only
 * the other one has a secret, this node may follow it, as a stranger.
 */
export function secretDifference(
  secret: Uint8Array | undefined,
  { node_id, member }: { readonly node_id: string; readonly member?: string | undefined },
): string | undefined {
  if (secret === undefined) {
    if (member === undefined) return undefined;
    return "has a cluster secret, and this node has none (--secret-file)";
  }
  if (isMember(secret, node_id, member)) return undefined;
  return member === undefined
    ? "has no cluster secret, and this node has one (--secret-file)"
    : "has another cluster secret than this node (--secret-file)";
}
