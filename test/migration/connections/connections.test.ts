import { describe, expect, test } from "bun:test";
import type { NewConnection } from "../../../src/migration/migration.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import type { FakeServer } from "../fake-cluster.ts";
import { tankRow } from "../fake-tanks.ts";
import { LoneNode, type LoneNodeOptions } from "../lone-node.ts";

const toLake: NewConnection = {
  source_tank_id: "reef",
  destination_tank_id: "lake",
  probability: 50,
  direction: "left",
};

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "done",
    (error: { code?: unknown }) => error.code,
  );
}

/** Servers a, here, p, z in node_id order, each with one tank, but "here" with reef and pond. */
function ring(): FakeServer[] {
  const others = ["z", "a", "p"].map((nodeId) => ({ nodeId, tanks: [`tank of ${nodeId}`] }));
  return [...others, { nodeId: "here", tanks: ["reef", "pond"] }];
}

async function autoNode(options: LoneNodeOptions = {}): Promise<LoneNode> {
  const directory = ring();
  return new LoneNode({ autoConnect: true, directory, ...options }).start();
}

function set(node: LoneNode, nodeId: string, change: Partial<FakeServer>): Promise<void> {
  const server = node.directory.find((one) => one.nodeId === nodeId);
  if (server) Object.assign(server, change);
  node.cluster.changed();
  return node.run(0);
}

const destination = (node: LoneNode) =>
  node.migration.connections().map((one) => one.destination_node_id);

describe("a connection by hand", () => {
  test("is shown with its servers and survives a restart", async () => {
    const node = await new LoneNode().start();
    const view = await node.migration.connect(toLake);
    expect(view).toMatchObject({
      ...toLake,
      origin: "manual",
      destination_node_id: "there",
      source_server_id: "server of here",
      destination_server_id: "server of there",
    });
    const restarted = await new LoneNode({ journal: node.journal }).start();
    expect(restarted.migration.connections()).toEqual([view]);
  });

  test("finds tanks by their names", async () => {
    const node = await new LoneNode().start();
    const named = await node.migration.connect({
      ...toLake,
      source_tank_id: "name of reef",
      destination_tank_id: "name of lake",
    });
    expect(named).toMatchObject({ source_tank_id: "reef", destination_tank_id: "lake" });
  });

  const places: readonly [string, Partial<FakeServer>, string][] = [
    ["a whole list does not name", {}, "unknown_tank"],
    ["a server without tanks is said to have", { tanks: [], tankCount: 0 }, "unknown_tank"],
    ["is counted and not yet named", { tankCount: 2 }, "done"],
    [
      "a list at its limit leaves out",
      { tanks: Array.from({ length: LIMITS.tanksAnnouncedMax }, (_, at) => `t${at}`) },
      "done",
    ],
  ];
  test.each(places)("to a tank that %s", async (_, place, expected) => {
    const directory = [...ring(), { nodeId: "there", tanks: ["lake"], ...place }];
    const node = await new LoneNode({ directory }).start();
    const asked = { ...toLake, destination_tank_id: "t999" };
    expect(await codeOf(node.migration.connect(asked))).toBe("unknown_tank");
    const told = { ...asked, destination_server_id: "server of there" };
    expect(await codeOf(node.migration.connect(told))).toBe(expected);
    const made = node.migration.connections().map((one) => one.destination_tank_id);
    expect(made).toEqual(expected === "done" ? ["t999"] : []);
  });

  test("made again has the new values and is still one", async () => {
    const node = await new LoneNode().start();
    const first = await node.migration.connect(toLake);
    const second = await node.migration.connect({ ...toLake, probability: 5, direction: "both" });
    const changed = { ...first, probability: 5, direction: "both" } as const;
    expect(second).toEqual({ ...changed, previous: first });
    expect(node.migration.connections()).toEqual([changed]);
    expect(await node.journal.connections()).toHaveLength(1);
  });

  test("is refused where it is impossible", async () => {
    const directory = [...ring(), { nodeId: "python", tanks: [], signed: false }];
    const node = await new LoneNode({ directory }).start();
    const cases: [Partial<NewConnection>, string][] = [
      [{ source_tank_id: "nowhere" }, "unknown_tank"],
      [{ source_tank_id: "tank of a" }, "unknown_tank"],
      [{ destination_tank_id: "nowhere" }, "unknown_tank"],
      [{ destination_server_id: "nobody" }, "unknown_server"],
      [{ destination_server_id: "server of python" }, "invalid"],
      [{ destination_server_id: "server of here" }, "unknown_tank"],
      [{ destination_tank_id: "reef" }, "invalid"],
      [{ destination_tank_id: "pond", probability: -1 }, "invalid"],
      [{ destination_tank_id: "pond", probability: 100.1 }, "invalid"],
      [{ destination_tank_id: "pond", probability: Number.NaN }, "invalid"],
    ];
    for (const [change, code] of cases) {
      expect(await codeOf(node.migration.connect({ ...toLake, ...change }))).toBe(code);
    }
    expect(node.migration.connections()).toEqual([]);
    expect(await codeOf(node.migration.disconnect("0000"))).toBe("unknown_connection");
  });

  test("is made and removed on disk or not at all", async () => {
    const node = await new LoneNode().start();
    node.journal.fault = "disk full";
    expect(await codeOf(node.migration.connect(toLake))).toBe("storage_unavailable");
    expect(node.migration.connections()).toEqual([]);
    node.journal.fault = undefined;
    const { connection_id } = await node.migration.connect(toLake);
    node.journal.fault = "disk full";
    expect(await codeOf(node.migration.disconnect(connection_id))).toBe("storage_unavailable");
    expect(node.migration.connections()).toHaveLength(1);
    node.journal.fault = undefined;
    await node.migration.disconnect(connection_id);
    expect(await node.journal.connections()).toEqual([]);
  });

  test("is one of a bounded number", async () => {
    const node = await new LoneNode().start();
    const there = node.directory.find(({ nodeId }) => nodeId === "there");
    if (there) there.tankCount = 2 * LIMITS.connectionsMax;
    const told = { ...toLake, destination_server_id: "server of there" };
    for (let n = 0; n < LIMITS.connectionsMax; n++) {
      await node.migration.connect({ ...told, destination_tank_id: `t${n}` });
    }
    expect(await codeOf(node.migration.connect(toLake))).toBe("too_many");
    const known = { ...told, destination_tank_id: "t7", probability: 1 };
    expect(await codeOf(node.migration.connect(known))).toBe("done");
  });

  test("goes when its tank goes", async () => {
    const node = await new LoneNode().start();
    await node.migration.connect(toLake);
    await node.tanks.remove("reef");
    await node.run(2000);
    expect(node.migration.connections()).toEqual([]);
  });

  test("goes when the tank next door that it leads to goes", async () => {
    const node = await new LoneNode().start();
    await node.migration.connect({ ...toLake, destination_tank_id: "pond", probability: 0 });
    await node.migration.connect({ ...toLake, probability: 0 });
    await node.tanks.remove("pond");
    await node.run(2000);
    const left = node.migration.connections().map((one) => one.destination_tank_id);
    expect(left).toEqual(["lake"]);
  });

  test("stays when its tank only could not be brought back", async () => {
    const node = await new LoneNode().start();
    await node.migration.connect(toLake);
    const get = node.tanks.get.bind(node.tanks);
    node.tanks.get = (tankId) => (tankId === "reef" ? undefined : get(tankId));
    await node.run(10_000);
    expect(node.migration.connections()).toHaveLength(1);
  });
});

describe("the automatic connection", () => {
  test("leads from the first tank to the first tank of the next node by node_id", async () => {
    const node = await autoNode();
    expect(node.migration.connections()).toMatchObject([
      {
        source_tank_id: "reef",
        destination_tank_id: "tank of p",
        destination_node_id: "p",
        probability: 25,
        origin: "auto",
      },
    ]);
  });

  test("follows the cluster, round the end, and keeps its name", async () => {
    const node = await autoNode();
    const [first] = node.migration.connections();
    await set(node, "p", { status: "offline" });
    expect(destination(node)).toEqual(["z"]);
    await set(node, "z", { status: "offline" });
    expect(destination(node)).toEqual(["a"]);
    await set(node, "a", { status: "degraded" });
    // Nobody is left: it stays as it was.
    expect(destination(node)).toEqual(["a"]);
    for (const change of [{ signed: false }, { signed: true, reachable: false }]) {
      await set(node, "z", { status: "online", ...change });
      expect(destination(node)).toEqual(["a"]);
    }
    // It holds a tunnel: what is sent to it arrives.
    await set(node, "z", { relay: "a" });
    expect(destination(node)).toEqual(["z"]);
    await set(node, "p", { status: "online" });
    expect(node.migration.connections()).toEqual([first].flatMap((one) => one ?? []));
    expect(await node.journal.connections()).toHaveLength(1);
  });

  test("passes over a node that has no tank yet", async () => {
    const directory = ring().map((one) => (one.nodeId === "p" ? { ...one, tanks: [] } : one));
    const node = await autoNode({ directory });
    expect(destination(node)).toEqual(["z"]);
    await set(node, "p", { tanks: ["new"] });
    expect(destination(node)).toEqual(["p"]);
  });

  test("begins when somebody comes, and when the first tank is made", async () => {
    const directory: FakeServer[] = [{ nodeId: "here", tanks: [] }];
    const node = await autoNode({ directory, tanks: [] });
    expect(destination(node)).toEqual([]);
    directory.push({ nodeId: "z", tanks: ["sea"] });
    node.cluster.changed();
    await node.run(0);
    expect(destination(node)).toEqual([]);
    await node.tanks.add(tankRow("late", 3, 4));
    await node.run(2000);
    expect(node.migration.connections()).toMatchObject([
      { source_tank_id: "late", destination_tank_id: "sea" },
    ]);
    await node.tanks.add(tankRow("older", 3, 2));
    await node.run(2000);
    expect(node.migration.connections()).toMatchObject([{ source_tank_id: "older" }]);
  });

  test("stays removed once it was removed by hand, over restarts too", async () => {
    const node = await autoNode();
    const [auto] = node.migration.connections();
    await node.migration.disconnect(auto?.connection_id ?? "");
    await set(node, "p", { status: "offline" });
    await node.run(10_000);
    expect(node.migration.connections()).toEqual([]);
    expect(node.migration.autoConnection).toBe("removed");
    const restarted = await autoNode({ journal: node.journal });
    await restarted.run(10_000);
    expect(restarted.migration.connections()).toEqual([]);
    expect(restarted.migration.autoConnection).toBe("removed");
  });

  test("gives way to an explicit one from its tank, not to one from another tank", async () => {
    const node = await autoNode();
    const toA = { ...toLake, destination_tank_id: "tank of a" };
    await node.migration.connect({ ...toA, source_tank_id: "pond" });
    expect(
      node.migration
        .connections()
        .map((one) => one.origin)
        .sort(),
    ).toEqual(["auto", "manual"]);
    const [auto] = node.migration.connections().filter((one) => one.origin === "auto");
    expect((await node.migration.connect(toA)).previous).toEqual(auto);
    await node.run(10_000);
    expect(node.migration.connections().map((one) => one.origin)).toEqual(["manual", "manual"]);
    const restarted = await autoNode({ journal: node.journal });
    expect(restarted.migration.connections().map((one) => one.origin)).toEqual([
      "manual",
      "manual",
    ]);
  });

  test("becomes explicit when it is made by hand, and is then left alone", async () => {
    const node = await autoNode();
    const [auto] = node.migration.connections();
    const made = await node.migration.connect({ ...toLake, destination_tank_id: "tank of p" });
    expect(made.previous).toEqual(auto);
    await set(node, "p", { status: "offline" });
    expect(node.migration.connections()).toMatchObject([
      { origin: "manual", destination_node_id: "p", probability: 50 },
    ]);
  });

  test("is off where it was turned off, also the one of before", async () => {
    const node = await autoNode();
    const off = await autoNode({ journal: node.journal, autoConnect: false });
    expect(off.migration.connections()).toEqual([]);
    expect([node, off].map((one) => one.migration.autoConnection)).toEqual(["on", "off"]);
    expect(await off.journal.connections()).toEqual([]);
    const onAgain = await autoNode({ journal: node.journal });
    expect(destination(onAgain)).toEqual(["p"]);
  });

  test("is caught up with when the disk takes writes again", async () => {
    const node = await autoNode();
    node.journal.fault = "disk full";
    await set(node, "p", { status: "offline" });
    expect(destination(node)).toEqual(["p"]);
    node.journal.fault = undefined;
    await node.run(2000);
    expect(destination(node)).toEqual(["z"]);
  });
});
