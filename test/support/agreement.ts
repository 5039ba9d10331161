import type { Server } from "./api.ts";

/**
 * What is wrong with a node's list of its cluster; undefined when it is exact: online are these
 * nodes and nobody else, each once, and one of them is hub. Servers of other programs have no node
 * id and are no members; an unsigned row with one is the ghost of a node.
 */
export function flawOf(list: readonly Server[], nodeIds: readonly string[]): string | undefined {
  const online = list.filter(({ status, node_id }) => status === "online" && node_id !== null);
  const ghosts = online.filter(({ signed }) => !signed);
  if (ghosts.length > 0) return `${ghosts.length} nodes listed unsigned`;
  const ids = online.map(({ node_id }) => node_id);
  if (!Bun.deepEquals(ids.toSorted(), nodeIds.toSorted())) {
    const there = new Set(ids);
    const missing = nodeIds.filter((id) => !there.has(id));
    return `${ids.length} rows online for ${nodeIds.length} nodes, ${missing.length} are missing`;
  }
  const hubs = online.filter(({ role }) => role === "hub");
  return hubs.length === 1 ? undefined : `${hubs.length} hubs in one answer`;
}

/** The hub of a list in which exactly one is online. */
export function hubIn(list: readonly Server[]): string | undefined {
  const hubs = list.filter(({ role, status }) => role === "hub" && status === "online");
  return hubs.length === 1 ? (hubs[0]?.node_id ?? undefined) : undefined;
}
