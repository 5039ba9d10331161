import { describe, expect, test } from "bun:test";
import { recallPeers } from "../../../src/cluster/peers/peer-memory.ts";
import { Lab } from "../../support/simulated/lab.ts";

describe("a cluster that was switched off", () => {
  test.each([1, 2, 3])("finds itself again by memory alone (seed %d)", async (seed) => {
    const lab = new Lab(seed);
    const nodes = lab.addMany(8);
    for (const node of nodes) {
      node.remembers = true;
      node.start();
    }
    await lab.until("one hub", 10_000, () => lab.agree(nodes));
    await lab.run(10_000);
    for (const node of nodes) node.kill();
    lab.multicast = false;
    for (const node of nodes) node.start();
    await lab.until("one hub again", 30_000, () => lab.agree(nodes));
  });

  test("and whose hub is gone for good goes on without it", async () => {
    const lab = new Lab(4);
    const nodes = lab.addMany(5);
    for (const node of nodes) {
      node.remembers = true;
      node.start();
    }
    await lab.until("one hub", 10_000, () => lab.agree(nodes));
    await lab.run(10_000);
    for (const node of nodes) node.kill();
    lab.multicast = false;
    const [hub, ...rest] = nodes;
    for (const node of rest) node.start();
    await lab.until("one of the rest leads", 60_000, () => lab.agree(rest));
    // It comes back much later, and remembers them too.
    hub?.start();
    await lab.until("all together", 30_000, () => lab.agree(nodes));
  });

  test("is forgotten by a node that leaves it", async () => {
    const lab = new Lab(5);
    const nodes = lab.addMany(2);
    for (const node of nodes) node.start();
    await lab.until("one hub", 10_000, () => lab.agree(nodes));
    await lab.run(10_000);
    const kept = async () =>
      (await Promise.all(nodes.map(({ store }) => recallPeers(store.journal, "tankd")))).map(
        ({ length }) => length,
      );
    expect(await kept()).toEqual([1, 1]);
    const left = nodes[1]?.cluster.leave();
    await lab.run(5_000);
    await left;
    expect(await kept()).toEqual([1, 0]);
  });
});
