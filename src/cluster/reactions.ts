import type { Meeting } from "./handshake/meeting.ts";
import { HINT, LISTED } from "./handshake/nominations.ts";
import type { ClusterParts } from "./parts/parts.ts";
import { entryOfHub } from "./registry/hub-entry.ts";
import type { HubHint } from "./wire.ts";

/** What one part's event means to the others, where that is more than one part's own business. */
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
    // At the start the list is that of the last run, and no backend's word.
    if (now === "discovering" && before.role !== "discovering") {
      for (const { key, addresses, record, priority } of registry.entries()) {
        if (record.node_id === null || key === selfId) continue;
        nominations.nominate({ backend: LISTED, nodeId: key, priority, addresses });
      }
    }
    if (now === "discovering") parts.discovery.refresh();
    const { hub } = role.state;
    // The hub before us, one that was replaced, or one that was lost without a successor.
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

  // It stays here, for people to ask, and never leads.
  events.on("fenced", ({ problem }) => {
    deps.onFenced?.(problem);
    role.bar();
    selfWatch.refresh(true);
    parts.notify();
  });
}

/**
 * A worker follows a hub that is not ours: the two hubs should meet, if need be through that
 * worker.
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

/** Somebody has dialled us: whether we can dial it decides what it may become here. */
function confirmStranger({ table, dialer }: ClusterParts, nodeId: string): void {
  const peer = table.get(nodeId);
  if (peer && peer.dialled === undefined) void dialer.confirm(nodeId);
}
