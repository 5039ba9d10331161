/** Nodes that have too little processor time: a slow hub is no dead one. */
import { describe, expect, test } from "bun:test";
import { NODE_COSTS, TANK_COSTS } from "../support/simulated/costs.ts";
import { Lab } from "../support/simulated/lab.ts";
import { type LabNode, PORT } from "../support/simulated/lab-node.ts";

const TIMEOUT_MS = 300_000;

/**
 * What must not have happened: somebody who runs was taken for dead, or a hub gave way to another.
 */
function unrest(nodes: readonly LabNode[]): Readonly<Record<string, number>> {
  const count = (event: string) => nodes.reduce((sum, node) => sum + node.logged(event).length, 0);
  return { silences: count("the hub has fallen silent"), changes: count("role changed") };
}

/** Nodes with a tank each that share two cores, all started at once. */
function crowd(count: number, discovery: "multicast" | "url"): Lab {
  const lab = new Lab(1, { cores: 2, costs: TANK_COSTS });
  lab.multicast = discovery === "multicast";
  const first = lab.add("n1");
  const hubs = [{ host: first.host.address, port: PORT }];
  for (let index = 2; index <= count; index++) {
    lab.add(`n${index}`, discovery === "url" ? { hubs } : {});
  }
  for (const node of lab.nodes) node.start();
  return lab;
}

describe("nodes that start at once on two cores", () => {
  // A start costs 0.33 s: the last of 24 says its first word after 4 s, of 50 after 8 s.
  test.each([
    [24, "multicast", 12_000],
    [24, "url", 10_000],
    [50, "multicast", 40_000],
    [50, "url", 40_000],
  ] as const)(
    "%i of them, by %s, are one cluster in time",
    async (count, discovery, withinMs) => {
      const lab = crowd(count, discovery);
      await lab.until("one cluster", withinMs, () => {
        return lab.nodes.every(({ isUp }) => isUp) && lab.agree(lab.nodes);
      });
      const before = unrest(lab.nodes);
      await lab.run(20_000);
      expect(unrest(lab.nodes)).toEqual(before);
      expect(lab.agree(lab.nodes)).toBe(true);
    },
    TIMEOUT_MS,
  );
});

describe("somebody who gets 5 % of a core", () => {
  async function slowed(who: "hub" | "worker"): Promise<Lab> {
    const lab = new Lab(1, { costs: { ...NODE_COSTS, startMs: 10 } });
    const cores = lab.world.createCores(1);
    const machine = lab.world.addHost({ name: "slow", cores });
    lab.addOn(machine, "slow", { priority: who === "hub" ? 1_000 : 1 });
    for (let index = 1; index < 24; index++) lab.add(`n${index}`);
    for (const node of lab.nodes) node.start();
    await lab.until("one cluster", 15_000, () => lab.agree(lab.nodes));
    cores.speed = 0.05;
    return lab;
  }

  test.each(["hub", "worker"] as const)(
    "as %s of 24 nodes, stays what it is",
    async (who) => {
      const lab = await slowed(who);
      const before = unrest(lab.nodes);
      await lab.run(60_000);
      expect(unrest(lab.nodes)).toEqual(before);
      expect(lab.agree(lab.nodes)).toBe(true);
    },
    TIMEOUT_MS,
  );

  test(
    "a hub that is slow first and then dies is followed by another",
    async () => {
      const lab = await slowed("hub");
      await lab.run(10_000);
      const [hub, ...rest] = lab.nodes;
      hub?.kill();
      await lab.until("another hub", 10_000, () => {
        return rest.filter(({ cluster }) => cluster.role === "hub").length === 1;
      });
    },
    TIMEOUT_MS,
  );
});
