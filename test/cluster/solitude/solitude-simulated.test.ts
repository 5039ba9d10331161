import { describe, expect, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";
import type { LabNode } from "../../support/simulated/lab-node.ts";

const EVENT = "no other node is found";

const codes = (node: LabNode) => node.cluster.view().alone?.causes.map(({ code }) => code);

describe("a node that is alone", () => {
  test("says so after ten seconds, once in the log, and no more when somebody comes", async () => {
    const lab = new Lab(301);
    const node = lab.add("node");
    const late = lab.add("late");
    node.start();
    await lab.run(9_500);
    expect([node.cluster.view().alone, node.logged(EVENT)]).toEqual([undefined, []]);
    await lab.run(2_000);
    expect(node.cluster.view().alone?.seconds).toBeGreaterThanOrEqual(10);
    expect(codes(node)).toEqual(["nobody:ether"]);
    await lab.run(200_000);
    expect(node.logged(EVENT)).toMatchObject([{ level: "info" }]);
    late.start();
    await lab.until("together", 20_000, () => lab.agree([node, late]));
    for (const one of [node, late]) expect(one.cluster.view().alone).toBeUndefined();
    await lab.run(20_000);
    expect(late.logged(EVENT)).toEqual([]);
    late.kill();
    await lab.until("alone again", 120_000, () => codes(node) !== undefined);
    expect(codes(node)).toEqual([`unreached:${late.host.address}:8000`]);
    await lab.run(5_000);
    expect(node.logged(EVENT).at(-1)?.fields["because"]).toContain(late.host.address);
  });

  test("names another that it sees and cannot dial, with the reason", async () => {
    const lab = new Lab(302);
    const [a, b] = [lab.add("a"), lab.add("b")];
    lab.world.network.partition([a.host], [b.host]);
    lab.ether.hears = () => true;
    for (const one of [a, b]) one.start();
    await lab.run(30_000);
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(codes(one)).toEqual([`unreached:${other.host.address}:8000`]);
      expect(one.logged(EVENT).map(({ level }) => level)).toContain("warn");
    }
    const [cause] = a.cluster.view().alone?.causes ?? [];
    expect(cause?.what).toMatch(/should be at .* cannot be dialled: no answer in time$/);
  });

  test("names places that a backend has named without an id and where nobody answers", async () => {
    const lab = new Lab(305);
    const node = lab.add("node");
    const { address } = lab.world.addHost({ name: "off" });
    node.seeds = [{ host: address, port: 8123 }];
    node.start();
    await lab.run(30_000);
    expect(codes(node)).toContain(`unreached:${address}:8123`);
    expect(node.cluster.view().alone?.causes[0]?.what).toEndWith(": connection refused");
  });

  test("names the clusters of others", async () => {
    const lab = new Lab(303);
    const node = lab.add("node");
    const others = ["x", "y"].map((name) => lab.add(name, { cluster: "reef" }));
    for (const one of [node, ...others]) one.start();
    await lab.run(15_000);
    expect(codes(node)).toEqual(["foreign:reef"]);
    expect(node.cluster.view().alone?.causes[0]?.what).toStartWith("2 nodes of the cluster");
  });

  test("counts those without its secret, and says nothing of it where it has left", async () => {
    const lab = new Lab(304);
    const node = lab.add("node", { secret: new TextEncoder().encode("the secret of a cluster") });
    const stranger = lab.add("stranger");
    for (const one of [node, stranger]) one.start();
    await lab.run(30_000);
    expect(codes(node)).toEqual(["strangers"]);
    const left = lab.add("left");
    left.start();
    await lab.run(1_000);
    void left.cluster.leave();
    await lab.run(60_000);
    expect(codes(left)).toBeUndefined();
  });
});
