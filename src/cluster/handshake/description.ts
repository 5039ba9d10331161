import type { Address } from "../../discovery/backend.ts";
import { isMember } from "../admission/membership-tag.ts";
import type { Contact } from "../clones/peer-clones.ts";
import type { ClusterDeps } from "../deps.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { NodeDocument } from "../wire.ts";

/**
 * Records what a node has proven to say about itself, and which of its addresses may be dialled.
 */
export function noteDescription(
  { table, deps }: { readonly table: PeerTable; readonly deps: ClusterDeps },
  document: NodeDocument,
  deference: { readonly defersToUs: boolean; readonly weDefer: boolean },
  addresses: readonly Address[],
): void {
  const nodeId = document.node_id;
  const atMs = deps.clock.monotonicMs();
  table.addAddresses(nodeId, addresses, "self");
  table.update(nodeId, {
    described: { document, atMs, ...deference },
    isMember: isMember(deps.settings.secret, nodeId, document.member),
  });
}

export function contactOf(document: NodeDocument, addresses: readonly Address[]): Contact {
  const { node_id: nodeId, boot_id: bootId, fenced = false } = document;
  return { nodeId, bootId, addresses, fenced };
}
