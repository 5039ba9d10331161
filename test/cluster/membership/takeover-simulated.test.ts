import { describe, expect, test } from "bun:test";
import { Lab, nameOf } from "../../support/simulated/lab.ts";
import type { LabNode } from "../../support/simulated/lab-node.ts";

const SEEDS = [11, 12, 13];

async function settled(seed: number, count: number) {
  const lab = new Lab(seed);
  const nodes = lab.addMany(count);
  for (const node of nodes) node.start();
  await lab.until("one hub", 5_000, () => lab.agree(nodes));
  await lab.run(3_000);
  return { lab, nodes };
}

function others(nodes: readonly LabNode[], node: LabNode): readonly LabNode[] {
  return nodes.filter((one) => one !== node);
}

describe("the hub dies", () => {
  for (const count of [2, 3, 10]) {
    test(`of ${count} nodes: the successor serves in about two seconds`, async () => {
      for (const seed of SEEDS) {
        const { lab, nodes } = await settled(seed, count);
        const hub = lab.hubOf(nodes);
        hub.kill();
        const rest = others(nodes, hub);
        const tookMs = await lab.until("taken over", 4_000, () => lab.agree(rest));
        expect(tookMs).toBeLessThan(2_500);
        expect(lab.hubOf(rest).host.name).toBe(nameOf(rest[0]));
        for (const node of rest) {
          expect(node.cluster.server(hub.identity.nodeId)?.status).toBe("offline");
        }
      }
    });
  }

  test("and its port is closed: all follow the successor within a second and a half", async () => {
    for (const seed of SEEDS) {
      const { lab, nodes } = await settled(seed, 10);
      // The others ping every two seconds by now.
      await lab.run(10_000);
      const hub = lab.hubOf(nodes);
      hub.kill();
      const rest = others(nodes, hub);
      const follow = () => new Set(rest.map((node) => node.cluster.view().hub?.node_id));
      const tookMs = await lab.until("followed", 4_000, () => {
        const [next, ...more] = follow();
        return more.length === 0 && next !== hub.identity.nodeId;
      });
      expect(tookMs).toBeLessThan(1_500);
    }
  });

  test("with its successor: the next one takes over", async () => {
    for (const seed of SEEDS) {
      const { lab, nodes } = await settled(seed, 5);
      nodes[0]?.kill();
      nodes[1]?.kill();
      const rest = nodes.slice(2);
      const tookMs = await lab.until("one hub", 6_000, () => {
        return rest.every((node) => node.cluster.view().hub?.node_id === nodes[2]?.identity.nodeId);
      });
      expect(tookMs).toBeLessThan(3_500);
    }
  });

  test("and comes back: it is a worker of the one that leads now", async () => {
    const { lab, nodes } = await settled(14, 3);
    const old = lab.hubOf(nodes);
    old.kill();
    const rest = others(nodes, old);
    await lab.until("taken over", 4_000, () => lab.agree(rest));
    const leader = lab.hubOf(rest);
    old.start();
    await lab.until("rejoined", 4_000, () => lab.agree(nodes));
    expect(lab.hubOf(nodes).host.name).toBe(nameOf(leader));
    await lab.run(40_000);
    expect(lab.agree(nodes)).toBe(true);
    expect(lab.hubOf(nodes).host.name).toBe(nameOf(leader));
  });

  test("and comes back before anybody noticed: one of them leads, all agree", async () => {
    for (const seed of SEEDS) {
      const { lab, nodes } = await settled(seed, 3);
      const old = lab.hubOf(nodes);
      old.kill();
      await lab.run(300);
      old.start();
      await lab.until("one hub", 8_000, () => lab.agree(nodes));
    }
  });

  test("leaves in order: the next hub is there at once", async () => {
    const { lab, nodes } = await settled(15, 4);
    const hub = lab.hubOf(nodes);
    void hub.cluster.stop();
    const rest = others(nodes, hub);
    const tookMs = await lab.until("taken over", 3_000, () => {
      return rest.every((node) => node.cluster.view().hub?.node_id === rest[0]?.identity.nodeId);
    });
    expect(tookMs).toBeLessThan(1_000);
    hub.kill();
    await lab.until("agreed", 3_000, () => lab.agree(rest));
    for (const node of rest) expect(node.cluster.server(hub.identity.nodeId)).toBeUndefined();
  });
});

describe("a worker", () => {
  test("that alone has lost the hub does not take over", async () => {
    for (const seed of SEEDS) {
      const { lab, nodes } = await settled(seed, 3);
      const [hub, successor] = nodes;
      if (!hub || !successor) throw new Error("three nodes");
      const heal = lab.world.network.partition([hub.host], [successor.host]);
      await lab.run(60_000);
      expect(successor.cluster.view().role).toBe("worker");
      // Its heartbeats reach the hub through the third node.
      expect(hub.cluster.server(successor.identity.nodeId)?.status).toBe("online");
      expect(hub.cluster.view().role).toBe("hub");
      heal();
      await lab.until("whole again", 5_000, () => lab.agree(nodes));
      expect(lab.hubOf(nodes).host.name).toBe(nameOf(hub));
    }
  });

  test("that leaves in order is gone from the list", async () => {
    const { lab, nodes } = await settled(16, 3);
    const [hub, worker, other] = nodes;
    if (!hub || !worker || !other) throw new Error("three nodes");
    void worker.cluster.stop();
    await lab.until("gone", 2_000, () => {
      return [hub, other].every((node) => !node.cluster.server(worker.identity.nodeId));
    });
  });

  test("that is killed is degraded, then offline, then forgotten", async () => {
    const { lab, nodes } = await settled(17, 3);
    const [hub, worker, other] = nodes;
    if (!hub || !worker || !other) throw new Error("three nodes");
    worker.kill();
    const statusAt = (node: LabNode) => node.cluster.server(worker.identity.nodeId)?.status;
    await lab.until("degraded", 25_000, () => statusAt(hub) === "degraded");
    await lab.until("offline", 15_000, () => statusAt(hub) === "offline");
    await lab.until("told", 2_000, () => statusAt(other) === "offline");
    await lab.until("forgotten", 3_700_000, () => statusAt(hub) === undefined);
  }, 60_000);
});

describe("a network that falls apart and heals", () => {
  test("has a hub on each side, then one again", async () => {
    for (const seed of SEEDS) {
      const { lab, nodes } = await settled(seed, 6);
      const left = nodes.slice(0, 3);
      const right = nodes.slice(3);
      lab.ether.hears = (a, b) =>
        left.some((n) => n.host === a.host) === left.some((n) => n.host === b.host);
      const heal = lab.world.network.partition(
        left.map((node) => node.host),
        right.map((node) => node.host),
      );
      const hubsOf = (side: readonly LabNode[]) =>
        new Set(side.map((node) => node.cluster.view().hub?.node_id));
      await lab.until("two hubs", 25_000, () => {
        const [hub, ...more] = hubsOf(right);
        return more.length === 0 && right.some((node) => node.identity.nodeId === hub);
      });
      await lab.run(60_000);
      expect(lab.hubOf(left).host.name).toBe(nameOf(left[0]));
      heal();
      await lab.until("one hub", 25_000, () => lab.agree(nodes));
      await lab.run(20_000);
      expect(lab.agree(nodes)).toBe(true);
    }
  }, 30_000);

  test("on a bad network, in the end all agree", async () => {
    for (const seed of SEEDS) {
      const lab = new Lab(seed);
      const { faults } = lab.world.network;
      faults.requestLossPercent = 5;
      faults.replyLossPercent = 5;
      faults.duplicatePercent = 5;
      faults.delayMaxMs = 80;
      const nodes = lab.addMany(5);
      for (const node of nodes) node.start();
      await lab.run(60_000);
      faults.requestLossPercent = 0;
      faults.replyLossPercent = 0;
      await lab.until("one hub", 30_000, () => lab.agree(nodes));
    }
  }, 30_000);
});
