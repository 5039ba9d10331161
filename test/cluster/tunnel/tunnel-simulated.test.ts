import { describe, expect, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";
import type { LabNode } from "../../support/simulated/lab-node.ts";

/** A server and a second one outside, and a Pi behind a router that finds them by their URLs. */
function household(seed: number) {
  const lab = new Lab(seed);
  lab.world.network.addNat({ inside: "home", outside: "lan", address: "10.0.0.200" });
  const [server, second] = ["server", "second"].map((name) => lab.add(name)) as [LabNode, LabNode];
  const hubs = [server, second].map(({ host }) => ({ host: host.address, port: 8000 }));
  const pi = lab.addOn(
    lab.world.addHost({ name: "pi", subnet: "home", address: "192.168.1.2" }),
    "pi",
    { hubs, priority: 900 },
  );
  return { lab, server, second, pi };
}

async function answers(lab: Lab, from: LabNode, to: LabNode): Promise<boolean> {
  let status = 0;
  void from.cluster
    .call(to.identity.nodeId, "GET", "/api/servers/local")
    .then((reply) => {
      status = reply.status;
    })
    .catch(() => {
      status = -1;
    });
  await lab.until("an answer or none", 30_000, () => status !== 0);
  return status === 200;
}

function relayOf(lab: Lab, node: LabNode): string | undefined {
  return lab.nodes.find(({ running }) => running?.tunnels.holds(node.identity.nodeId))?.host.name;
}

describe("a node behind a router", () => {
  test("is asked through its hub by whoever cannot dial it", async () => {
    const { lab, server, second, pi } = household(401);
    for (const node of lab.nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(lab.nodes));
    await lab.until("a tunnel", 10_000, () => relayOf(lab, pi) !== undefined);
    const hub = lab.hubOf(lab.nodes);
    expect(hub.host.name).not.toBe("pi");
    expect(relayOf(lab, pi)).toBe(hub.host.name);
    for (const from of [server, second]) expect(await answers(lab, from, pi)).toBe(true);
    for (const to of [server, second]) expect(await answers(lab, pi, to)).toBe(true);
    expect(server.cluster.server(pi.identity.nodeId)).toMatchObject({ reachable: false });
  });

  test("moves its tunnel to who takes over, and back through a restart of the hub", async () => {
    const { lab, server, second, pi } = household(402);
    for (const node of lab.nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(lab.nodes));
    await lab.until("a tunnel", 10_000, () => relayOf(lab, pi) !== undefined);
    const hub = lab.hubOf(lab.nodes);
    const other = hub === server ? second : server;
    hub.kill();
    await lab.until("a tunnel to the heir", 20_000, () => relayOf(lab, pi) === other.host.name);
    expect(await answers(lab, other, pi)).toBe(true);
    hub.start();
    await lab.until("all of them", 30_000, () => lab.agree(lab.nodes));
    await lab.run(10_000);
    expect(await answers(lab, hub, pi)).toBe(true);
    expect(await answers(lab, other, pi)).toBe(true);
  });

  test("whose line is cut without a word has a new tunnel when it is back", async () => {
    const { lab, server, second, pi } = household(403);
    for (const node of lab.nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(lab.nodes));
    await lab.until("a tunnel", 10_000, () => relayOf(lab, pi) !== undefined);
    const heal = lab.world.network.partition([pi.host], [server.host, second.host]);
    await lab.run(60_000);
    expect(relayOf(lab, pi)).toBeUndefined();
    heal();
    await lab.until("one cluster", 60_000, () => lab.agree(lab.nodes));
    await lab.until("a tunnel again", 30_000, () => relayOf(lab, pi) !== undefined);
    for (const from of [server, second]) expect(await answers(lab, from, pi)).toBe(true);
  });
});

test("nodes that can dial each other hold no tunnels", async () => {
  const lab = new Lab(404);
  const nodes = lab.addMany(5);
  for (const node of nodes) node.start();
  await lab.until("one hub", 10_000, () => lab.agree(nodes));
  await lab.run(20_000);
  expect(nodes.map((node) => relayOf(lab, node))).toEqual(nodes.map(() => undefined));
});

test("two that no longer hear each other, as after a move, speak through their hub", async () => {
  const lab = new Lab(405);
  const nodes = lab.addMany(3);
  for (const node of nodes) node.start();
  await lab.until("one hub", 10_000, () => lab.agree(nodes));
  const [one, other] = nodes.filter((node) => node !== lab.hubOf(nodes));
  if (!one || !other) throw new Error("two workers");
  expect(await answers(lab, one, other)).toBe(true);
  lab.world.network.partition([one.host], [other.host]);
  // The way that was known is tried once, and may fall silent under a request.
  await answers(lab, one, other);
  await answers(lab, one, other);
  expect(await answers(lab, one, other)).toBe(true);
});
