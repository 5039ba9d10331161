import { describe, expect, test } from "bun:test";
import type { JoinResult } from "../../src/cluster/cluster.ts";
import { joinedHub } from "../../src/cluster/membership/joined-hub.ts";
import type { Address } from "../../src/discovery/backend.ts";
import { Lab } from "../support/simulated/lab.ts";
import { type LabNode, PORT } from "../support/simulated/lab-node.ts";

const addressOf = (node: LabNode) => ({ host: node.host.address, port: PORT });
const known = (node: LabNode) =>
  node.cluster
    .servers()
    .map(({ server_id }) => server_id)
    .sort();

const urlOf = (node: LabNode) => `http://${node.host.address}:${PORT}`;
const hubsOf = (node: LabNode) =>
  node.cluster
    .view()
    .backends.filter(({ name }) => name === "hub")
    .map(({ state, detail }) => ({ state, detail }));

function join(lab: Lab, node: LabNode, hub: LabNode): Promise<JoinResult> {
  return joinAt(lab, node, addressOf(hub));
}

async function joinAt(lab: Lab, node: LabNode, hub: Address): Promise<JoinResult> {
  let result: JoinResult | undefined;
  void node.cluster.join(hub).then((heard) => {
    result = heard;
  });
  await lab.until("an answer to join", 30_000, () => result !== undefined);
  if (!result) throw new Error("no answer");
  return result;
}

async function leave(lab: Lab, node: LabNode): Promise<void> {
  let left = false;
  void node.cluster.leave().then(() => {
    left = true;
  });
  await lab.until("gone", 10_000, () => left);
}

/** Two nodes that do not find each other by themselves, each its own hub. */
async function twoAlone(seed: number) {
  const lab = new Lab(seed);
  lab.multicast = false;
  const [hub, node] = [lab.add("hub"), lab.add("node")];
  for (const one of [hub, node]) one.start();
  await lab.until("hubs", 10_000, () =>
    [hub, node].every((one) => one.cluster.view().role === "hub"),
  );
  return { lab, hub, node };
}

describe("join", () => {
  test("follows the hub, whoever has the higher id, and keeps it for the next start", async () => {
    for (const seed of [71, 72, 73, 74]) {
      const { lab, hub, node } = await twoAlone(seed);
      expect(await join(lab, node, hub)).toEqual({ met: true, detail: "Met hub" });
      await lab.until("one hub", 10_000, () => lab.agree([hub, node]));
      expect(lab.hubOf([hub, node])).toBe(hub);
      expect(await joinedHub(node.store.journal)).toEqual(addressOf(hub));
      expect(hubsOf(node)).toMatchObject([{ state: "running", detail: `${urlOf(hub)} answers` }]);
      await leave(lab, node);
      expect(hubsOf(node)).toEqual([]);
    }
  });

  test("goes on trying a hub that does not answer yet", async () => {
    const { lab, hub, node } = await twoAlone(75);
    hub.kill();
    const { met, detail } = await join(lab, node, hub);
    expect(met).toBe(false);
    expect(detail).toContain("tried again");
    expect(await joinedHub(node.store.journal)).toEqual(addressOf(hub));
    const said = `${urlOf(hub)} does not answer: connection refused`;
    expect(hubsOf(node)).toMatchObject([{ state: "failed", detail: said }]);
    hub.start();
    await lab.until("one hub", 60_000, () => lab.agree([hub, node]));
  });

  test("says why it cannot be, and keeps nothing of it", async () => {
    const lab = new Lab(76);
    lab.multicast = false;
    const [reef, node] = [lab.add("reef", { cluster: "reef" }), lab.add("node")];
    for (const one of [reef, node]) one.start();
    await lab.run(5_000);
    const foreign = await join(lab, node, reef);
    expect(foreign).toEqual({ met: false, detail: 'That node belongs to the cluster "reef"' });
    expect((await join(lab, node, node)).met).toBe(false);
    expect(await joinedHub(node.store.journal)).toBeUndefined();
    expect(node.cluster.view().role).toBe("hub");
    expect(hubsOf(node)).toEqual([]);
  });

  test("takes nothing from the settings", async () => {
    const lab = new Lab(70);
    lab.multicast = false;
    const reef = lab.add("reef", { cluster: "reef" });
    const node = lab.add("node", { hubs: [addressOf(reef), { host: "node", port: PORT }] });
    for (const one of [reef, node]) one.start();
    await lab.run(5_000);
    const before = hubsOf(node);
    for (const host of [reef.host.address, "node"]) {
      expect((await joinAt(lab, node, { host, port: PORT })).met).toBe(false);
    }
    expect(hubsOf(node)).toEqual(before);
    expect(before[0]?.detail).toContain("is this node");
  });
});

describe("leave", () => {
  test.each(["hub", "worker"] as const)(
    "of a %s: both sides know only themselves",
    async (role) => {
      const lab = new Lab(77);
      const nodes = lab.addMany(3);
      for (const node of nodes) node.start();
      await lab.until("one hub", 10_000, () => lab.agree(nodes));
      const leaver = nodes.find((node) => node.cluster.view().role === role);
      if (!leaver) throw new Error(`no ${role}`);
      const others = nodes.filter((node) => node !== leaver);
      await leave(lab, leaver);
      await lab.until("one hub of the others", 20_000, () => lab.agree(others));
      await lab.run(60_000);
      expect(known(leaver)).toEqual([leaver.host.name]);
      expect(leaver.cluster.view().role).toBe("hub");
      for (const other of others) {
        const online = other.cluster
          .servers({ status: "online" })
          .map(({ server_id }) => server_id);
        expect(online.sort()).toEqual(others.map(({ host }) => host.name).sort());
      }
    },
  );

  test("lasts until it joins again", async () => {
    const lab = new Lab(78);
    const nodes = lab.addMany(3);
    for (const node of nodes) node.start();
    await lab.until("one hub", 10_000, () => lab.agree(nodes));
    const [leaver, other] = nodes;
    if (!leaver || !other) throw new Error("too few");
    await join(lab, leaver, other);
    await leave(lab, leaver);
    expect(await joinedHub(leaver.store.journal)).toBeUndefined();
    await lab.run(30_000);
    expect(leaver.cluster.view().roleReason).toContain("it has left its cluster");
    expect((await join(lab, leaver, other)).met).toBe(true);
    expect(leaver.cluster.view().roleReason).toBeUndefined();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
  });

  test("or until it is started again", async () => {
    const lab = new Lab(79);
    const nodes = lab.addMany(2);
    for (const node of nodes) node.start();
    await lab.until("one hub", 10_000, () => lab.agree(nodes));
    const [leaver] = nodes;
    if (!leaver) throw new Error("too few");
    await leave(lab, leaver);
    await lab.run(5_000);
    leaver.kill();
    leaver.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
  });
});
