import { describe, expect, test } from "bun:test";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { Directory, type Viewpoint } from "../../../src/cluster/registry/directory.ts";
import type { Registration } from "../../../src/cluster/registry/registration-messages.ts";
import { recordOf } from "../../../src/cluster/registry/registration-record.ts";
import { Registry } from "../../../src/cluster/registry/registry.ts";
import { unsignedKey } from "../../../src/cluster/registry/registry-entry.ts";

function setUp(isMember?: Viewpoint["isMember"]) {
  const time = { nowMs: 0 };
  const peers = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const registry = new Registry({
    peers,
    clock: { wallMs: () => time.nowMs, monotonicMs: () => time.nowMs },
    bootId: "boot",
    nodeId: "self",
    onChange: () => {},
  });
  const list = (key: string, body: Partial<Registration> = {}, member = true) => {
    const nodeId = key.startsWith("unsigned:") ? null : key;
    const address = { host: "10.0.0.1", port: 8000 };
    const record = recordOf({ server_id: key, ...body }, address, nodeId, member);
    registry.put({
      key,
      record,
      label: key,
      addresses: [address],
      tanks: body.tanks ?? [],
      priority: 0,
      mayClaim: true,
      bootId: "b",
      intervalMs: 10_000,
      source: undefined,
      via: undefined,
      relay: undefined,
    });
  };
  list("self");
  const directory = new Directory(
    registry,
    () => ({
      selfId: "self",
      self: () => recordOf({ server_id: "self" }, { host: "10.0.0.1", port: 1 }, "self", true),
      ownTanks: () => [],
      hub: "self",
      discoveredBy: () => [],
      table: peers,
      isMember,
    }),
    { alias: () => undefined, rule: "qualified" },
  );
  const names = (filter = {}) => directory.servers(filter).map(({ server_id }) => server_id);
  return { registry, directory, list, names, time };
}

describe("the list of servers", () => {
  test("has those that have all that is asked for", () => {
    const { list, names } = setUp();
    list("a", { tags: ["x", "y"], zone: "1", resources: { cores: 8, gpu: true } });
    list("b", { tags: ["x"], zone: "1", capabilities: ["gpu"], resources: { cores: 4 } });
    expect(names({ tags: ["x"] })).toEqual(["a", "b"]);
    expect(names({ tags: ["x", "y"] })).toEqual(["a"]);
    expect(names({ tags: ["y"], capabilities: ["gpu"] })).toEqual([]);
    expect(names({ zone: "1", resources: ["cores=8", "gpu=true"] })).toEqual(["a"]);
    expect(names({ resources: ["cores=80"] })).toEqual([]);
    expect(names({ role: "hub" })).toEqual(["self"]);
    expect(names({ region: "eu" })).toEqual([]);
  });

  test("without a secret has everybody; servers without a key are no members", () => {
    const { list, names, directory } = setUp();
    list("a");
    list(unsignedKey("tank-world"), {}, false);
    expect(names()).toEqual(["self", "a", unsignedKey("tank-world")]);
    expect(directory.server("a")).toMatchObject({ signed: true, member: true });
    const { signed, member } = directory.server(unsignedKey("tank-world")) ?? {};
    expect([signed, member]).toEqual([false, false]);
    expect(directory.strangers()).toEqual([]);
  });

  test("under a secret sets strangers apart, whatever they say of themselves", () => {
    const { list, names, directory } = setUp((nodeId) => nodeId === "a" || nodeId === "self");
    list("a");
    list("b");
    list(unsignedKey("tank-world"), {}, false);
    expect(names()).toEqual(["self", "a", unsignedKey("tank-world")]);
    expect(directory.strangers()).toMatchObject([{ server_id: "b", signed: true, member: false }]);
    expect(directory.strangers({ tags: ["x"] })).toEqual([]);
  });

  test("under a secret leads to no tank of a stranger, else to the one known longest", () => {
    const tanks = [{ tank_id: "t", name: "reef", epoch: 1 }];
    const closed = setUp((nodeId) => nodeId !== "b");
    closed.list("b", { tanks }, false);
    expect(closed.directory.locate("t")).toBeUndefined();
    closed.list("a", { tanks });
    expect(closed.directory.locate("t")?.node_id).toBe("a");
    const open = setUp();
    open.list("a", { tanks });
    open.time.nowMs = 1_000;
    open.list("b", { tanks });
    open.list("a", { tanks, version: "2" });
    expect(open.directory.locate("t")?.node_id).toBe("a");
  });

  test("under a secret believes the hub about members that one has not met", () => {
    const hub = setUp(() => true);
    hub.list("a");
    hub.list("b", {}, false);
    const { registry, names, directory } = setUp((nodeId) => nodeId === "self");
    registry.apply({ ...hub.registry.delta({ of: null, version: 0 }), of: "hub" });
    expect(names()).toEqual(["self", "a"]);
    expect(directory.strangers().map(({ server_id }) => server_id)).toEqual(["b"]);
  });
});

describe("a tank that two nodes claim", () => {
  const tank = (epoch: number) => [{ tank_id: "t-1", name: "reef", epoch }];

  test("is, under a secret, where it has moved to, and its name stays clear", () => {
    const { list, directory } = setUp(() => true);
    list("former", { tanks: tank(1) });
    list("owner", { tanks: tank(2) });
    for (const asked of ["t-1", "reef"]) {
      expect([asked, directory.locate(asked)?.node_id]).toEqual([asked, "owner"]);
    }
  });

  test("is, without one, where it was known first: a stranger may claim anything", () => {
    const { list, directory, time } = setUp();
    list("owner", { tanks: tank(1) });
    time.nowMs += 1_000;
    list("thief", { tanks: tank(99) });
    expect(directory.locate("t-1")?.node_id).toBe("owner");
  });
});
