import { expect, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT } from "../../support/simulated/lab-node.ts";
import { LeaseStore } from "../../support/simulated/lease-store.ts";

const HOME = "10.0.0.200";

/** Three servers, and nodes behind a router that know where the servers are. */
function servedHome(seed: number, names: readonly string[] = ["pi"]) {
  const lab = new Lab(seed);
  const lease = new LeaseStore(lab.world);
  lab.world.network.addNat({ inside: "home", outside: "lan", address: HOME });
  const servers = ["s1", "s2", "s3"].map((name) => lab.add(name, { lease }));
  const hubs = servers.map(({ host }) => ({ host: host.addresses[0] ?? "", port: PORT }));
  const home = names.map((name, at) => {
    const host = lab.world.addHost({ name, subnet: "home", address: `192.168.1.${at + 2}` });
    return lab.addOn(host, name, { hubs, lease });
  });
  const holder = () => lab.nodes.find(({ identity }) => identity.nodeId === lease.holder);
  const start = (nodes: readonly LabNode[]) => {
    for (const node of nodes) node.start();
  };
  return { lab, lease, servers, home, holder, start };
}

function abstentionOf(node: LabNode | undefined): string | undefined {
  return node?.running?.view().lease?.abstention;
}

test.each([[["pi"]], [["pi", "tv"]]])(
  "%p behind a router that had the lease first give it to those who cannot follow",
  async (names) => {
    const { lab, servers, home, holder, start } = servedHome(701, names);
    start(home);
    await lab.until("they lead themselves", 20_000, () => lab.agree(home));
    start(servers);
    const waits = ({ cluster }: LabNode) =>
      cluster.view().roleReason?.includes("does not answer as hub") === true;
    await lab.until("the others say what they wait for", 12_000, () => servers.every(waits));
    expect(holder()).toBe(lab.hubOf(home));
    await lab.until("one hub", 80_000, () => lab.agree(lab.nodes));
    expect(servers).toContain(holder() as LabNode);
    await lab.run(600_000);
    expect(lab.agree(lab.nodes)).toBe(true);
    expect(servers).toContain(holder() as LabNode);
    for (const one of home) expect(abstentionOf(one)).toContain("others cannot dial this node");
    for (const one of servers) expect(abstentionOf(one)).toBeUndefined();
  },
);

test("a hub that nobody follows says why it gives the lease back", async () => {
  const { lab, servers, home, start } = servedHome(702);
  const [pi] = home;
  start(home);
  await lab.run(5_000);
  start(servers);
  await lab.until("it gives up", 60_000, () => abstentionOf(pi) !== undefined);
  expect(abstentionOf(pi)).toContain("others did not follow this node");
  const reason = pi?.cluster.view().roleReason;
  expect(reason).toMatch(/^reads only: .*others did not follow this node/);
  expect(pi?.logged("others do not follow this hub")).toHaveLength(1);
});

test.each([1, 2, 3, 4])(
  "a node that nobody can dial does not take the lease of a hub that died (seed %p)",
  async (seed) => {
    const { lab, servers, home, holder, start } = servedHome(seed);
    start(servers);
    await lab.until("a hub", 20_000, () => lab.agree(servers));
    start(home);
    await lab.until("all", 40_000, () => lab.agree(lab.nodes));
    await lab.run(10_000);
    const hub = lab.hubOf(servers);
    hub.kill();
    await lab.until("another hub", 30_000, () => {
      expect(home).not.toContain(holder() as LabNode);
      return lab.agree(lab.nodes.filter((node) => node !== hub));
    });
  },
);

test("a node that nobody can dial remembers that over a restart", async () => {
  const { lab, servers, home, holder, start } = servedHome(703);
  start(servers);
  await lab.until("a hub", 20_000, () => lab.agree(servers));
  start(home);
  await lab.until("all", 40_000, () => lab.agree(lab.nodes));
  await lab.run(10_000);
  for (const node of lab.nodes) node.kill();
  await lab.run(10_000);
  // It is there first, and leaves the others time.
  start(home);
  await lab.run(15_000);
  expect(holder()).toBeUndefined();
  expect(home[0]?.cluster.view().roleReason).toBe(
    "the lease is free; " +
      "others cannot dial this node: it takes the lease only where nobody else does",
  );
  start(servers);
  await lab.until("one hub", 30_000, () => {
    expect(home).not.toContain(holder() as LabNode);
    return lab.agree(lab.nodes);
  });
});

test("a node that nobody can dial leads itself while nobody else is there", async () => {
  const { lab, servers, home, holder, start } = servedHome(704);
  const [pi] = home;
  start(servers);
  await lab.until("a hub", 20_000, () => lab.agree(servers));
  start(home);
  await lab.until("all", 40_000, () => lab.agree(lab.nodes) && abstentionOf(pi) !== undefined);
  for (const one of servers) one.kill();
  const aloneMs = await lab.until("it leads", 60_000, () => lab.agree(home));
  expect(holder()).toBe(pi as LabNode);
  expect(aloneMs).toBeGreaterThan(20_000);
  await lab.run(120_000);
  expect(holder()).toBe(pi as LabNode);
  expect(pi?.running?.view().lease?.isValid).toBe(true);
  start(servers);
  await lab.until("one hub", 120_000, () => lab.agree(lab.nodes));
  expect(servers).toContain(holder() as LabNode);
});

test("a hub keeps the lease while more follow it than do not", async () => {
  const { lab, lease, servers, start } = servedHome(705, []);
  start(servers);
  await lab.until("a hub", 20_000, () => lab.agree(servers));
  const hub = lab.hubOf(servers);
  const deaf = lab.add("deaf", { lease });
  const others = lab.nodes.filter((one) => one !== deaf).map(({ host }) => host);
  lab.world.network.forbidDialling([deaf.host], others);
  start([deaf]);
  await lab.run(180_000);
  expect(lab.hubOf(servers)).toBe(hub);
  expect(lease.holder).toBe(hub.identity.nodeId);
  expect(abstentionOf(hub)).toBeUndefined();
});
