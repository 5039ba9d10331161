import { expect, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT } from "../../support/simulated/lab-node.ts";

test("a hub behind a router joins a larger one outside, which cannot dial it", async () => {
  const lab = new Lab(1);
  lab.world.network.addNat({ inside: "home", outside: "lan", address: "10.0.0.200" });
  const outside = ["server", "o1", "o2"].map((name) => lab.add(name));
  const inside = ["pi", "i1"].map((name, index) => {
    const address = `192.168.1.${index + 2}`;
    return lab.addOn(lab.world.addHost({ name, subnet: "home", address }), name, {
      priority: name === "pi" ? 900 : 100,
    });
  });
  // It hears of a node outside all the time, and gets through to it once both have led for a while.
  for (const node of inside) node.seeds = [{ host: "10.0.0.1", port: PORT }];
  const hosts = (nodes: readonly LabNode[]) => nodes.map(({ host }) => host);
  const heal = lab.world.network.partition(hosts(inside), hosts(outside));
  for (const node of lab.nodes) node.start();
  await lab.until("two clusters", 15_000, () => lab.agree(outside) && lab.agree(inside));
  await lab.run(40_000);
  const [server, pi] = [lab.hubOf(outside), lab.hubOf(inside)];
  expect(pi.host.name).toBe("pi");
  heal();
  await lab.until("one cluster", 90_000, () => lab.agree(lab.nodes));
  expect(lab.hubOf(lab.nodes).host.name).toBe(server.host.name);
  await lab.run(30_000);
  expect(lab.agree(lab.nodes)).toBe(true);
});
