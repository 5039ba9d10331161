import { expect, test } from "bun:test";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { recordOf } from "../../../src/cluster/registry/registration-record.ts";
import { Registry } from "../../../src/cluster/registry/registry.ts";
import { unsignedKey } from "../../../src/cluster/registry/registry-entry.ts";
import { RegistryKeeper } from "../../../src/cluster/registry/registry-keeper.ts";
import { MemoryStore } from "../../../src/store/memory/store.ts";

const CLOCK = { wallMs: () => 0, monotonicMs: () => 0 };
const ADDRESS = { host: "10.0.0.2", port: 9000 };

function start(store: MemoryStore) {
  const keeper = new RegistryKeeper({
    nodeId: "self",
    clock: CLOCK,
    registryStore: store.registry,
    onBroken: (reason) => {
      throw new Error(reason);
    },
  });
  const peers = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const registry = new Registry({
    peers,
    clock: CLOCK,
    bootId: "boot",
    nodeId: "self",
    onChange: (key, entry) => keeper.keep(key, entry),
  });
  return { keeper, registry };
}

test("a server's whole record, its owner and its interval outlive the process", async () => {
  const store = new MemoryStore();
  const key = unsignedKey("tank-world");
  const body = { server_id: "tank-world", version: "1.2", world_count: 2, fish_count: 40 };
  const before = start(store);
  const entry = {
    key,
    label: "tank-world",
    record: recordOf(body, ADDRESS, null, false),
    addresses: [ADDRESS],
    tanks: [],
    priority: 0,
    mayClaim: false,
    bootId: "",
    intervalMs: 2_000,
    source: "10.0.0.2",
    via: "worker",
    relay: undefined,
  };
  before.registry.put(entry);
  before.registry.put({ ...entry, key: "self" });
  await Promise.resolve();
  const after = start(store);
  await after.keeper.load(after.registry);
  expect(after.registry.entries()).toMatchObject([
    {
      key,
      status: "offline",
      intervalMs: 2_000,
      source: "10.0.0.2",
      via: "worker",
      relay: undefined,
      record: { version: "1.2", tank_count: 2, world_count: 2, fish_count: 0, port: 9000 },
    },
  ]);
});

test("what cannot be read is dropped from the store, too", async () => {
  const store = new MemoryStore();
  await store.registry.put("node", "{}");
  const { keeper, registry } = start(store);
  await keeper.load(registry);
  await Promise.resolve();
  expect(registry.entries()).toEqual([]);
  expect(await store.registry.load()).toEqual([]);
});
