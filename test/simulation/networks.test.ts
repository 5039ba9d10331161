/** Networks that hurt: moved addresses, routers, names and balancers in front of several nodes. */
import { expect, test } from "bun:test";
import { ClusterWatch } from "../support/simulated/cluster-watch.ts";
import { Lab } from "../support/simulated/lab.ts";
import { type LabNode, PORT } from "../support/simulated/lab-node.ts";
import type { Lie } from "../support/simulated/lies.ts";

function hubsAmong(nodes: readonly LabNode[]): readonly LabNode[] {
  return nodes.filter(({ running }) => running?.role === "hub");
}

test("the hub gets another address: no second hub, and all know the new one in 2 s", async () => {
  const lab = new Lab(1);
  const nodes = lab.addMany(5);
  for (const node of nodes) node.start();
  await lab.until("one cluster", 10_000, () => lab.agree(nodes));
  await lab.run(5_000);
  const hub = lab.hubOf(nodes);
  hub.host.interface().readdress(["10.0.9.9"]);
  let hubsMax = 0;
  await lab.until("the new address is known", 2_000, () => {
    hubsMax = Math.max(hubsMax, hubsAmong(nodes).length);
    return nodes.every(({ cluster }) => cluster.view().hub?.host === "10.0.9.9");
  });
  await lab.run(20_000);
  expect([hubsMax, hubsAmong(nodes)]).toEqual([1, [hub]]);
});

test("a NAT'd worker of the highest rank does not succeed a dead hub: one hub in 3 s", async () => {
  const lab = new Lab(1);
  const [hub, one, two] = [
    lab.add("hub", { priority: 1_000 }),
    lab.add("one", { priority: 1 }),
    lab.add("two", { priority: 2 }),
  ];
  lab.world.network.addNat({ inside: "home", outside: "lan", address: "10.0.0.200" });
  const behind = lab.world.addHost({ name: "pi", subnet: "home", address: "192.168.1.2" });
  const hubs = [{ host: hub.host.address, port: PORT }];
  const pi = lab.addOn(behind, "pi", { priority: 900, hubs });
  for (const node of lab.nodes) node.start();
  await lab.until("one cluster", 10_000, () => lab.agree(lab.nodes));
  await lab.run(10_000);
  hub.kill();
  const rest = [one, two, pi];
  await lab.until("one hub", 3_000, () => {
    const followed = new Set(rest.map(({ cluster }) => cluster.view().hub?.node_id));
    return hubsAmong(rest).length === 1 && hubsAmong([pi]).length === 0 && followed.size === 1;
  });
  await lab.run(20_000);
  expect(hubsAmong(rest)).toHaveLength(1);
});

test("a hub by a name of several addresses, one's own among them: one cluster in 5 s", async () => {
  const lab = new Lab(1);
  lab.multicast = false;
  const name = "hub.corp.example";
  for (const node of ["a", "b", "c"]) lab.add(node, { hubs: [{ host: name, port: PORT }] });
  const addresses = lab.nodes.map(({ host }) => host.address);
  lab.world.network.names.set(name, addresses);
  for (const node of lab.nodes) node.start();
  await lab.until("one cluster", 5_000, () => lab.agree(lab.nodes));
});

test("a hub by the address of a balancer in front of all three: one cluster in 5 s", async () => {
  const lab = new Lab(1);
  lab.multicast = false;
  const hubs = [{ host: "10.0.0.100", port: PORT }];
  for (const node of ["a", "b", "c"]) lab.add(node, { hubs });
  const members = lab.nodes.map(({ host }) => host);
  lab.world.network.addBalancer({ subnet: "lan", address: "10.0.0.100", members });
  for (const node of lab.nodes) node.start();
  await lab.until("one cluster", 5_000, () => lab.agree(lab.nodes));
});

test("two networks joined by a node on both are one cluster, two without its card", async () => {
  const lab = new Lab(1);
  // Without one, two hubs that others follow stay two: neither can check who follows the other.
  const boundMs = 25_000;
  const secret = new Uint8Array(32).fill(7);
  const { world } = lab;
  for (const [index, subnet] of ["left", "left", "right", "right"].entries()) {
    const host = world.addHost({ name: `${subnet}${index}`, subnet });
    lab.addOn(host, host.name, { secret });
  }
  const interfaces = [
    { name: "eth0", subnet: "left", addresses: ["10.1.0.9"] },
    { name: "eth1", subnet: "right", addresses: ["10.2.0.9"] },
  ];
  lab.addOn(world.addHost({ name: "both", interfaces }), "both", { secret });
  const watch = new ClusterWatch({ world, nodes: () => lab.nodes, boundMs });
  for (const node of lab.nodes) node.start();
  await lab.run(2 * boundMs);
  const card = world.host("both")?.interface("eth1");
  card?.takeDown();
  await lab.run(2 * boundMs);
  card?.bringUp();
  await lab.run(2 * boundMs);
  expect(watch.end()).toEqual([]);
});

/** Says the highest term that JSON can carry, wherever a term is said. */
const highestTerm: Lie = (_path, body) => {
  const raised = (value: unknown): unknown =>
    typeof value === "object" && value !== null && "counter" in value
      ? { ...value, counter: Number.MAX_SAFE_INTEGER }
      : value;
  const { standing, term, ...rest } = body;
  return {
    ...rest,
    ...(term === undefined ? {} : { term: raised(term) }),
    ...(typeof standing === "object" && standing !== null && "term" in standing
      ? { standing: { ...standing, term: raised(standing.term) } }
      : {}),
  };
};

test("a stranger's term of 2^53 − 1 has no effect on anybody's", async () => {
  const lab = new Lab(1);
  const honest = lab.addMany(3);
  for (const node of honest) node.start();
  await lab.until("one cluster", 10_000, () => lab.agree(honest));
  const hub = lab.hubOf(honest);
  const liar = lab.add("liar", { role: "worker", lie: highestTerm });
  liar.start();
  await lab.run(20_000);
  expect(hubsAmong(honest)).toEqual([hub]);
  const terms = honest.map(({ cluster }) => cluster.view().term.counter);
  expect(Math.max(...terms)).toBeLessThan(1_000_000);
});
