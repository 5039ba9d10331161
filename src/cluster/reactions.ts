import type { Meeting } from "./handshake/meeting.ts";
import { HINT, LISTED } from "./handshake/nominations.ts";
import type { ClusterParts } from "./parts/parts.ts";
import { entryOfHub } from "./registry/hub-entry.ts";
import type { HubHint } from "./wire.ts";

/** Reactions to events that concern several parts. */
export function react(parts: ClusterParts): void {
  const { events, deps, role, table, registry, nominations, selfWatch } = parts;
  const { nodeId: selfId } = deps.identity;

  events.on("met", ({ meeting }) => {
    const { node_id: nodeId, standing } = meeting.document;
    const leadsUs = nodeId === role.state.hub;
    if (meeting.address && (leadsUs || standing.hub?.node_id === selfId)) registry.see(nodeId);
    // A stranger may name any number of hubs, and each would be dialled before anybody claims.
    const followed = standing.role === "worker" ? standing.hub : null;
    if (followed && parts.isMember(nodeId)) hearOfHub(parts, meeting, followed);
    if (!meeting.address && role.isHub) confirmStranger(parts, nodeId);
  });

  events.on("role_changed", ({ role: now, before }) => {
    // At the start the list is that of the last run, not the report of a backend.
    if (now === "discovering" && before.role !== "discovering") {
      for (const { key, addresses, record, priority } of registry.entries()) {
        if (record.node_id === null || key === selfId) continue;
        nominations.nominate({ backend: LISTED, nodeId: key, priority, addresses });
      }
    }
    if (now === "discovering") parts.discovery.refresh();
    const { hub } = role.state;
    // The previous hub, one that was replaced, or one that was lost without a successor.
    if (before.hub !== undefined && before.hub !== selfId && before.hub !== hub) {
      registry.markOffline(before.hub);
    }
    if (now === "hub") selfWatch.list();
    const peer = now === "worker" && hub !== undefined ? table.get(hub) : undefined;
    const entry = peer && entryOfHub(peer);
    if (entry) registry.put(entry);
    parts.notify();
  });

  events.on("self_changed", () => parts.notify());

  // It continues to run, so that people can query it, but never leads.
  events.on("fenced", ({ problem }) => {
    deps.onFenced?.(problem);
    role.bar();
    selfWatch.refresh(true);
    parts.notify();
  });
}

/**
 * A worker follows another hub than this node's: the two hubs should meet, if necessary through
 * that worker.
 */
function hearOfHub(parts: ClusterParts, meeting: Meeting, hint: HubHint): void {
  const { role, deps, nominations, dialer, contests, table } = parts;
  const { node_id: nodeId, addresses } = hint;
  const worker = meeting.document.node_id;
  const source = meeting.address?.host ?? table.get(worker)?.source;
  if (nodeId === deps.identity.nodeId || nodeId === role.state.hub) return;
  nominations.nominate({
    backend: HINT,
    nodeId,
    addresses,
    role: "hub",
    ...(source === undefined ? {} : { source }),
  });
  if (!role.isHub) return;
  void dialer.dial(nodeId).then(({ kind }) => {
    if (kind === "failed") contests.meetThrough(worker, nodeId);
  });
}

/** A node has dialled this one: whether it can be dialled decides its possible roles. */
function confirmStranger({ table, dialer }: ClusterParts, nodeId: string): void {
  const peer = table.get(nodeId);
  if (peer && peer.dialled === undefined) void dialer.confirm(nodeId);
}
