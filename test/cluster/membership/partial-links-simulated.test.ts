import { describe, expect, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";
import type { LabNode } from "../../support/simulated/lab-node.ts";

function hubsAmong(nodes: readonly LabNode[]): number {
  return nodes.filter((node) => node.isUp && node.cluster.view().role === "hub").length;
}

/** A calm cluster; its hub and the two successors come first. */
async function calm(seed: number, count: number) {
  const lab = new Lab(seed);
  const nodes = lab.addMany(count);
  for (const node of nodes) node.start();
  await lab.until("one hub", 10_000, () => lab.agree(nodes));
  await lab.run(20_000);
  const [hub, first, second] = nodes;
  if (!hub || !first || !second) throw new Error("three nodes at least");
  expect(lab.hubOf(nodes)).toBe(hub);
  return { lab, nodes, hub, first, second };
}

/** For how many milliseconds of the time to come there are two hubs. */
async function twoHubsMs(lab: Lab, durationMs: number): Promise<number> {
  let twoMs = 0;
  for (let passedMs = 0; passedMs < durationMs; passedMs += 250) {
    await lab.run(250);
    if (hubsAmong(lab.nodes) > 1) twoMs += 250;
  }
  return twoMs;
}

describe("nobody leads beside a hub that others hear", () => {
  test.each([31, 32, 34, 35])("when both successors lose it (seed %i)", async (seed) => {
    const { lab, nodes, hub, first, second } = await calm(seed, 6);
    // Those that fish were exchanged with have shaken hands.
    for (const node of nodes.slice(3)) {
      for (const to of [first, second]) {
        void node.cluster.call(to.identity.nodeId, "GET", "/x").catch(() => {});
      }
    }
    await lab.run(2_000);
    lab.world.network.partition([first.host, second.host], [hub.host]);
    expect(await twoHubsMs(lab, 120_000)).toBe(0);
  });

  test.each([41, 42])("when the node of a detour loses it, too (seed %i)", async (seed) => {
    const { lab, hub, first, second } = await calm(seed, 4);
    lab.world.network.partition([first.host], [hub.host]);
    await lab.run(1_000);
    lab.world.network.partition([second.host], [hub.host]);
    expect(await twoHubsMs(lab, 120_000)).toBe(0);
  });
});

test("a connection that is refused once costs nobody its hub", async () => {
  const { lab, hub, first } = await calm(25, 3);
  const allow = lab.world.network.forbidDialling([first.host], [hub.host], "refusal");
  void first.cluster.call(hub.identity.nodeId, "POST", "/x", {}).catch(() => {});
  await lab.run(50);
  allow();
  await lab.run(20_000);
  expect(first.logged("the hub has fallen silent")).toEqual([]);
});

test.each([3, 6])(
  "what witnesses have said ends with the wall (%i s after)",
  async (lateSeconds) => {
    const lab = new Lab(51);
    const left = [lab.add("H", { priority: 200 }), lab.add("w1"), lab.add("w2")];
    const right = [
      lab.add("N", { priority: 150 }),
      ...["v1", "v2", "v3", "v4"].map((n) => lab.add(n)),
    ];
    const [lefts, rights] = [left, right].map((side) => side.map(({ host }) => host));
    if (!lefts || !rights) throw new Error("two sides");
    const heal = lab.world.network.partition(lefts, rights);
    for (const node of lab.nodes) node.start();
    await lab.run(60_000);
    const open = lab.world.network.forbidDialling(lefts, rights);
    heal();
    await lab.run(30_000 + 1_000 * lateSeconds);
    open();
    await lab.until("one hub", 30_000, () => lab.agree(lab.nodes));
  },
);

test("a hub and its first successor stop together: the others have a hub at once", async () => {
  for (const seed of [71, 72, 73]) {
    const { lab, nodes, hub, first } = await calm(seed, 5);
    for (const node of [first, hub]) void node.cluster.stop().then(() => node.kill());
    const rest = nodes.slice(2);
    const tookMs = await lab.until("one hub", 10_000, () => !first.isUp && lab.agree(rest));
    expect(tookMs).toBeLessThan(2_000);
  }
});
