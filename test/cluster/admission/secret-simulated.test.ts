import { describe, expect, test } from "bun:test";
import { z } from "zod";
import type { JoinResult } from "../../../src/cluster/cluster.ts";
import { Lab } from "../../support/simulated/lab.ts";
import {
  type LabNode,
  type NodeSettings,
  PORT,
  recordOf,
} from "../../support/simulated/lab-node.ts";

const secret = new TextEncoder().encode("the secret of the cluster");
const wrong = new TextEncoder().encode("the secret of some others");
const listSchema = z.object({
  servers: z.array(z.object({ server_id: z.string() })),
  strangers: z.array(z.object({ server_id: z.string(), member: z.boolean() })).optional(),
});

async function listOf(lab: Lab, node: LabNode) {
  const outside = lab.world.host("outside") ?? lab.world.addHost({ name: "outside" });
  const { body } = await lab.request(outside, node, "GET", "/api/discovery/servers");
  const { servers, strangers } = listSchema.parse(body);
  const names = (all: readonly { readonly server_id: string }[] | undefined) =>
    all?.map(({ server_id }) => server_id).sort();
  return { servers: names(servers), strangers: names(strangers) };
}

const outsiders: readonly [string, Partial<NodeSettings>][] = [
  ["without the secret", {}],
  ["with another secret", { secret: wrong }],
  ["without it that wants to be hub at any price", { role: "hub" }],
];

describe("a cluster with a secret", () => {
  test.each(outsiders)(
    "does not follow a node %s, whoever was there first",
    async (_, settings) => {
      for (const isFirst of [true, false]) {
        const lab = new Lab(1);
        const members = ["a", "b", "c"].map((name) => lab.add(name, { secret }));
        const outsider = lab.add("outsider", { priority: 1_000, ...settings });
        const [first, then] = isFirst ? [[outsider], members] : [members, [outsider]];
        for (const node of first) node.start();
        await lab.run(5_000);
        for (const node of then) node.start();
        await lab.run(20_000);
        const leaders = new Set(members.map(({ cluster }) => cluster.view().hub?.server_id));
        expect([leaders.size, leaders.has("outsider")]).toEqual([1, false]);
        for (const member of members) {
          const { servers } = await listOf(lab, member);
          expect(servers).toEqual(["a", "b", "c"]);
        }
      }
    },
  );

  test("still agrees on one hub when the hub dies, with an outsider beside it", async () => {
    const lab = new Lab(2);
    const members = ["a", "b", "c"].map((name) => lab.add(name, { secret }));
    const outsider = lab.add("outsider", { priority: 1_000 });
    for (const node of lab.nodes) node.start();
    await lab.run(15_000);
    lab.hubOf(members).kill();
    await lab.run(20_000);
    const rest = members.filter(({ isUp }) => isUp);
    const hub = lab.hubOf(rest);
    for (const { cluster } of rest) expect(cluster.view().hub?.server_id).toBe(hub.host.name);
    expect(outsider.cluster.view().role).not.toBe("discovering");
  });

  test("lists a stranger that registers apart from its members", async () => {
    const lab = new Lab(3);
    const members = ["a", "b"].map((name) => lab.add(name, { secret }));
    for (const node of members) node.start();
    await lab.until("one cluster", 10_000, () => lab.agree(members));
    const guest = lab.add("guest", { role: "worker" });
    guest.start();
    await lab.run(20_000);
    const { servers, strangers } = await listOf(lab, lab.hubOf(members));
    expect(servers).toEqual(["a", "b"]);
    expect(strangers).toEqual(["guest"]);
    expect(recordOf(lab.hubOf(members), guest)?.member ?? false).toBe(false);
  });

  test("is one cluster of all that know it", async () => {
    const lab = new Lab(4);
    const nodes = ["a", "b", "c"].map((name) => lab.add(name, { secret }));
    for (const node of nodes) node.start();
    await lab.until("one cluster", 5_000, () => lab.agree(nodes));
    const { servers, strangers } = await listOf(lab, lab.hubOf(nodes));
    expect([servers, strangers]).toEqual([["a", "b", "c"], []]);
  });
});

test("a cluster without a secret has no strangers: whoever signs is a member", async () => {
  const lab = new Lab(5);
  const [plain] = [lab.add("plain"), lab.add("guarded", { secret })];
  for (const node of lab.nodes) node.start();
  await lab.run(10_000);
  expect((await listOf(lab, plain)).strangers).toBeUndefined();
});

describe("a hub that was given by URL and has not our secret", () => {
  const cases: readonly [string, Uint8Array | undefined, Uint8Array | undefined, string, string][] =
    [
      ["another one", secret, wrong, "has another cluster secret than this node", "failed"],
      ["none", undefined, secret, "has no cluster secret, and this node has one", "failed"],
      ["one, and we none", secret, undefined, "has a cluster secret, and this node", "running"],
    ];
  const settingsWith = (one: Uint8Array | undefined) => (one === undefined ? {} : { secret: one });
  const hubOf = (node: LabNode) => node.cluster.view().backends.find(({ name }) => name === "hub");

  test.each(cases)(
    "but %s: the status says so, the log once",
    async (_, its, ours, said, state) => {
      const lab = new Lab(6);
      lab.multicast = false;
      const hub = lab.add("hub", settingsWith(its));
      const hubs = [{ host: hub.host.address, port: PORT }];
      const node = lab.add("node", { hubs, ...settingsWith(ours) });
      for (const one of lab.nodes) one.start();
      await lab.run(120_000);
      expect(hubOf(node)).toMatchObject({ state, detail: expect.stringContaining(said) });
      const warned = node
        .logged("a hub has another secret")
        .filter(({ level }) => level === "warn");
      expect(warned).toMatchObject([{ fields: { reason: expect.stringContaining(said) } }]);
      expect(hub.logged("a hub has another secret")).toEqual([]);
    },
  );

  test.each(cases)("but %s: join says so", async (_, its, ours, said, state) => {
    const lab = new Lab(7);
    lab.multicast = false;
    const hub = lab.add("hub", settingsWith(its));
    const node = lab.add("node", settingsWith(ours));
    for (const one of lab.nodes) one.start();
    await lab.run(5_000);
    let result: JoinResult | undefined;
    void node.cluster.join({ host: hub.host.address, port: PORT }).then((heard) => {
      result = heard;
    });
    await lab.until("an answer to join", 30_000, () => result !== undefined);
    expect(result).toMatchObject({ met: false, detail: expect.stringContaining(`hub ${said}`) });
    expect(hubOf(node)).toMatchObject({ state, detail: expect.stringContaining(said) });
  });

  test("but the same: nothing is said", async () => {
    const lab = new Lab(8);
    lab.multicast = false;
    const hub = lab.add("hub", { secret });
    const node = lab.add("node", { secret, hubs: [{ host: hub.host.address, port: PORT }] });
    for (const one of lab.nodes) one.start();
    await lab.until("one hub", 10_000, () => lab.agree(lab.nodes));
    expect(hubOf(node)?.detail).toEndWith(" answers");
    expect(node.logged("a hub has another secret")).toEqual([]);
  });
});
