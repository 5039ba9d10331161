import { formatHostPort } from "../../discovery/addresses.ts";
import { type Peer, rttMsOf } from "../peers/peer.ts";
import type { EntryInput } from "./registry-entry.ts";

/** The list's entry for a hub, from its handshake: until it has sent its list. */
export function entryOfHub(peer: Peer): EntryInput | undefined {
  const document = peer.described?.document;
  if (!document) return undefined;
  const { standing, record } = document;
  const [first] = peer.addresses;
  const where = first
    ? { host: first.host, port: first.port, api_url: `http://${formatHostPort(first)}` }
    : {};
  return {
    key: peer.id,
    record: { ...record, ...where, reachable: true, rtt_ms: rttMsOf(peer) ?? null },
    label: record.server_id,
    addresses: peer.addresses.map(({ host, port }) => ({ host, port })),
    tanks: document.tanks,
    priority: standing.priority,
    mayClaim: standing.may_claim,
    bootId: document.boot_id,
    intervalMs: document.heartbeat_interval * 1000,
    source: undefined,
    via: undefined,
    relay: document.relay ?? undefined,
  };
}
