import { describe, expect, test } from "bun:test";
import { Lab, nameOf } from "../../support/simulated/lab.ts";
import { recordOf } from "../../support/simulated/lab-node.ts";

describe("starting together", () => {
  for (const count of [1, 2, 3, 10]) {
    test(`${count} nodes agree on one hub`, async () => {
      for (const seed of [1, 2, 3]) {
        const lab = new Lab(seed);
        const nodes = lab.addMany(count);
        for (const node of nodes) node.start();
        const tookMs = await lab.until("one hub", 5_000, () => lab.agree(nodes));
        expect(tookMs).toBeLessThan(count === 1 ? 1_500 : 3_000);
        expect(lab.hubOf(nodes).host.name).toBe(nameOf(nodes[0]));
        await lab.run(10_000);
        expect(lab.agree(nodes)).toBe(true);
        for (const node of nodes) expect(node.logged("role ")).toHaveLength(1);
      }
    });
  }

  test("a node that joins is with the hub in well under half a second", async () => {
    const lab = new Lab(7);
    lab.ether.delayMaxMs = 50;
    const [first, second] = lab.addMany(2);
    if (!first || !second) throw new Error("two nodes");
    second.start();
    await lab.run(5_000);
    first.start();
    const tookMs = await lab.until("joined", 500, () => lab.agree([first, second]));
    expect(tookMs).toBeLessThan(300);
    expect(lab.hubOf([first, second])).toBe(second);
    await lab.until("registered", 100, () => {
      return first.logged("registered with discovery hub at 10.0.0.1:8000").length === 1;
    });
    expect(recordOf(second, first)?.reachable).toBe(true);
  });
});
