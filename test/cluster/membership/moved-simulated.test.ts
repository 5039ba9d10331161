import { describe, expect, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";
import type { LabNode } from "../../support/simulated/lab-node.ts";

const MOVED_TO = "10.0.9.9";
/** All know the new address within this long. */
const KNOWN_WITHIN_MS = 2_000;
/** A loss that was suspected would have led to a second hub by then. */
const AFTERWARDS_MS = 20_000;

/** Less than it takes to suspect a death. */
const CUT_MS = 400;

async function clusterOf(count: number): Promise<{ lab: Lab; nodes: readonly LabNode[] }> {
  const lab = new Lab(1);
  const nodes = lab.addMany(count);
  for (const node of nodes) node.start();
  await lab.until("one cluster", 10_000, () => lab.agree(nodes));
  await lab.run(5_000);
  return { lab, nodes };
}

/** The hub gets another address. Everybody knows it soon, and nobody else leads at any moment. */
async function expectToFollow(lab: Lab, nodes: readonly LabNode[], hub: LabNode): Promise<void> {
  const others = nodes.filter((node) => node !== hub);
  let usurper: LabNode | undefined;
  const look = (): void => {
    usurper ??= others.find(({ running }) => running?.role === "hub");
  };
  hub.host.interface().readdress([MOVED_TO]);
  await lab.until("the new address is known to all", KNOWN_WITHIN_MS, () => {
    look();
    return nodes.every(({ cluster }) => cluster.view().hub?.host === MOVED_TO);
  });
  const endMs = lab.world.nowMs + AFTERWARDS_MS;
  await lab.until("watched", AFTERWARDS_MS + 1_000, () => {
    look();
    return lab.world.nowMs >= endMs;
  });
  expect(usurper?.host.name).toBeUndefined();
  expect(lab.agree(nodes)).toBe(true);
  expect(lab.hubOf(nodes)).toBe(hub);
}

describe("a hub whose address changes", () => {
  test.each([2, 5])("tells its workers (%d nodes)", async (count) => {
    const { lab, nodes } = await clusterOf(count);
    await expectToFollow(lab, nodes, lab.hubOf(nodes));
  });

  test.each([2, 5])("tells them again where the first word is lost (%d nodes)", async (count) => {
    const { lab, nodes } = await clusterOf(count);
    const hub = lab.hubOf(nodes);
    const others = nodes.filter((node) => node !== hub).map(({ host }) => host);
    // As over a connection that is kept from the old address, or by a switch that still learns.
    const heal = lab.world.network.partition([hub.host], others, { oneWay: true });
    lab.world.schedule(CUT_MS, "heal", heal);
    await expectToFollow(lab, nodes, hub);
  });

  test.each([2, 5])("is found by workers that it cannot dial (%d nodes)", async (count) => {
    const { lab, nodes } = await clusterOf(count);
    const hub = lab.hubOf(nodes);
    const others = nodes.filter((node) => node !== hub).map(({ host }) => host);
    lab.world.network.forbidDialling([hub.host], others);
    await expectToFollow(lab, nodes, hub);
  });
});
