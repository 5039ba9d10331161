import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { Registry } from "../../../src/cluster/registry/registry.ts";
import { type EntryInput, unsignedKey } from "../../../src/cluster/registry/registry-entry.ts";
import { serverRecord } from "../peers/support.ts";

export const START = "2026-01-01T00:00:00.000Z";

export function setUp(bootId = "boot", nodeId = "self") {
  const time = { nowMs: 0 };
  const clock = {
    wallMs: () => Date.parse(START) + time.nowMs,
    monotonicMs: () => time.nowMs,
  };
  const changes: string[] = [];
  const peers: PeerTable = new PeerTable({
    isEngaged: () => false,
    hasExchanged: () => false,
    onForgotten: (peer) => registry.noteForgotten(peer),
  });
  const registry: Registry = new Registry({
    peers,
    clock,
    bootId,
    nodeId,
    onChange: (key, entry) => {
      changes.push(`${key} ${entry?.status ?? "removed"}`);
    },
  });
  const confirm = (key: string) => {
    peers.ensure(key);
    peers.update(key, { confirmedMs: time.nowMs });
  };
  return { registry, peers, time, changes, confirm };
}

export function input(key: string, change: Partial<EntryInput> = {}): EntryInput {
  const label = change.label ?? key;
  return {
    key,
    label,
    addresses: [{ host: "10.0.0.1", port: 8000 }],
    tanks: [],
    priority: 100,
    mayClaim: true,
    bootId: "b",
    intervalMs: 10_000,
    source: undefined,
    via: undefined,
    relay: undefined,
    record: serverRecord(label, key),
    ...change,
  };
}

/** A server without a key. */
export function unsigned(serverId: string): EntryInput {
  const { record, ...rest } = input(unsignedKey(serverId), { label: serverId });
  return {
    ...rest,
    record: { ...record, server_id: serverId, node_id: null, signed: false, member: false },
  };
}
