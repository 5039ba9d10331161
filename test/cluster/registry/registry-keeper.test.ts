import { expect, test } from "bun:test";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { recordOf } from "../../../src/cluster/registry/registration-record.ts";
import { Registry } from "../../../src/cluster/registry/registry.ts";
import { unsignedKey } from "../../../src/cluster/registry/registry-entry.ts";
import { RegistryKeeper } from "../../../src/cluster/registry/registry-keeper.ts";
import type { Clock } from "../../../src/platform/clock.ts";
import { MemoryStore } from "../../../src/store/memory/store.ts";

const CLOCK = { wallMs: () => 0, monotonicMs: () => 0 };
const ADDRESS = { host: "10.0.0.2", port: 9000 };

const ENTRY = {
  label: "tank-world",
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

function start(store: MemoryStore, clock: Clock = CLOCK) {
  const keeper = new RegistryKeeper({
    nodeId: "self",
    clock,
    registryStore: store.registry,
    onBroken: (reason) => {
      throw new Error(reason);
    },
  });
  const peers = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const registry = new Registry({
    peers,
    clock,
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
  const entry = { ...ENTRY, key, record: recordOf(body, ADDRESS, null, false) };
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

test("when it was seen last outlives the process, without a write for each time", async () => {
  const store = new MemoryStore();
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  let writes = 0;
  const put = store.registry.put.bind(store.registry);
  store.registry.put = (...words) => {
    writes++;
    return put(...words);
  };
  const before = start(store, clock);
  const key = unsignedKey("tank-world");
  const record = recordOf({ server_id: "tank-world" }, ADDRESS, null, false);
  before.registry.put({ ...ENTRY, key, record });
  nowMs = 60_000;
  before.registry.see(key);
  expect(writes).toBe(1);
  await before.keeper.keepTimes(before.registry.entries());
  await before.keeper.keepTimes([]);
  expect(writes).toBe(2);
  const after = start(store, clock);
  await after.keeper.load(after.registry);
  expect(after.registry.get(key)?.record).toMatchObject({
    registered_at: "1970-01-01T00:00:00.000Z",
    last_seen: "1970-01-01T00:01:00.000Z",
  });
  // Nothing was heard of it in this run.
  await after.keeper.keepTimes(after.registry.entries());
  expect(writes).toBe(2);
});
