import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import type { Peer } from "../membership/election.ts";
import { mergeAddresses } from "../peers/peer-client.ts";
import type { EntryInput } from "../registry/registry-entry.ts";
import type { Meeting } from "./handshake.ts";

/** What a meeting means to the role decision. */
export function peerOf(meeting: Meeting, nowMs: number): Peer {
  const { standing, node_id } = meeting.document;
  return {
    nodeId: node_id,
    priority: standing.priority,
    mayClaim: standing.may_claim,
    role: standing.role,
    term: standing.term,
    hub: standing.role === "worker" ? standing.hub?.node_id : undefined,
    dialled: meeting.address !== undefined,
    cannotDialUs: meeting.canDialUs === false,
    defersToUs: meeting.defersToUs,
    weDefer: meeting.weDefer,
    metMs: nowMs,
  };
}

/** The registry's entry for a node that we have met: of a hub, before it has told us its list. */
export function entryOf({ document, address, rttMs }: Meeting): EntryInput {
  const { standing, record, node_id } = document;
  return {
    key: node_id,
    record: { ...record, ...(address ? whereabouts(address) : {}), rtt_ms: rttMs ?? null },
    label: record.server_id,
    addresses: mergeAddresses(address ? [address] : [], document.addresses),
    tanks: document.tanks,
    priority: standing.priority,
    mayClaim: standing.may_claim,
    bootId: document.boot_id,
    intervalMs: document.heartbeat_interval * 1000,
    source: undefined,
    via: undefined,
  };
}

/** A record's fields for the address where the node has answered. */
export function whereabouts(address: Address) {
  const { host, port } = address;
  return { host, port, api_url: `http://${formatHostPort(address)}`, reachable: true };
}
