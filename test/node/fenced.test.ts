import { expect, test } from "bun:test";
import { JOURNAL_LOST } from "../../src/store/journal.ts";
import { SimulatedCluster } from "../simulation/cluster.ts";

test("a node whose database has lost commits is fenced, and says what to do", async () => {
  // A seed with which no fish is on its way when the node dies: one would wait.
  const cluster = new SimulatedCluster({ seed: 2, nodes: 2, fish: 20 });
  const { world } = cluster;
  cluster.bootAll();
  await world.run(8_000);
  const [node, other] = cluster.nodes;
  if (!node || !other) throw new Error("there are two");
  node.host.kill();
  const sentence = "tankd.db has lost its last 3 commits";
  await node.store.journal.commit([{ put: "meta", key: JOURNAL_LOST, value: sentence }]);
  node.boot();
  await world.run(world.nowMs + 10_000);
  const fenced = node.running?.cluster.positions.fenced;
  expect(fenced?.code).toBe("directory_copied");
  expect(fenced?.message).toContain(sentence);
  expect(fenced?.message).toContain("--fork");
  expect(node.running?.tanks.list()).toMatchObject([
    { status: "stopped", reason: fenced?.message },
  ]);
  expect(node.running?.cluster.self().status).toBe("degraded");
  expect(other.running?.cluster.view().role).toBe("hub");
  expect(other.running?.cluster.positions.fenced).toBeUndefined();
  const seen = other.running?.cluster.server(node.identity.nodeId);
  expect(seen).toMatchObject({ status: "degraded", status_reason: fenced?.message });
  // Nobody sends it fish, which would only wait.
  const connections = other.running?.migration.connections() ?? [];
  expect(connections.length).toBeGreaterThan(0);
  await world.run(world.nowMs + 100_000);
  expect(other.running?.migration.escrowCount).toBe(0);
});
