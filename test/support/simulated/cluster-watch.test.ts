import { expect, test } from "bun:test";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { ClusterWatch, connectedGroups } from "./cluster-watch.ts";
import { Lab } from "./lab.ts";

const BOUND_MS = 15_000;

function watched(lab: Lab): ClusterWatch {
  return new ClusterWatch({ world: lab.world, nodes: () => lab.nodes, boundMs: BOUND_MS });
}

test("nothing is found in a cluster that loses its hub, is split and rejoins", async () => {
  const lab = new Lab(3);
  const nodes = lab.addMany(5);
  const watch = watched(lab);
  for (const node of nodes) node.start();
  await lab.run(BOUND_MS + 5_000);
  lab.hubOf(nodes).kill();
  await lab.run(BOUND_MS + 5_000);
  const rest = nodes.filter(({ isUp }) => isUp).map(({ host }) => host);
  const heal = lab.world.network.partition(rest.slice(0, 2), rest.slice(2));
  await lab.run(BOUND_MS + 5_000);
  const [left, right] = [rest[0], rest[2]].map(
    (host) => nodes.find((node) => node.host === host)?.cluster.view().hub?.node_id,
  );
  expect(left).not.toBe(right ?? "");
  heal();
  await lab.run(2 * BOUND_MS);
  expect(watch.end()).toEqual([]);
});

test("two hubs of one group are found once it has been calm long enough, not before", async () => {
  const lab = new Lab(3);
  lab.multicast = false;
  const nodes = lab.addMany(2);
  const watch = watched(lab);
  for (const node of nodes) node.start();
  const early = watched(lab);
  await lab.run(BOUND_MS - 1_000);
  expect(early.end()).toEqual([]);
  await lab.run(5_000);
  expect(watch.end()).toEqual([
    expect.stringMatching(/^2 hubs \(n1,n2\) among n1,n2, 15\d\d\d ms/),
  ]);
});

test("two networks with a node on both are one group; a NAT'd host is of those outside", () => {
  const world = new SimulatedWorld({ seed: 1 });
  const on = (name: string, ...subnets: readonly string[]) => {
    const interfaces = subnets.map((subnet, index) => ({
      name: `eth${index}`,
      subnet,
      addresses: [`${subnet === "left" ? "10.1" : "10.2"}.${world.hosts.length}.${index + 1}`],
    }));
    return { name, host: world.addHost({ name, interfaces }) };
  };
  const [a, b, c] = [on("a", "left"), on("b", "left", "right"), on("c", "right")];
  const home = { name: "home", host: world.addHost({ name: "home", subnet: "home" }) };
  world.network.addNat({ inside: "home", outside: "right", address: "10.2.0.99" });
  const groups = (...members: readonly { name: string; host: typeof a.host }[]) =>
    connectedGroups(world, members).map((group) => group.map(({ name }) => name).toSorted());
  expect(groups(a, b, c, home)).toEqual([["a", "b", "c", "home"]]);
  expect(groups(a, c, home)).toEqual([["a"], ["c", "home"]]);
  b.host.interface("eth1").takeDown();
  expect(groups(a, b, c)).toEqual([["a", "b"], ["c"]]);
});
