import { describe, expect, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT, recordOf } from "../../support/simulated/lab-node.ts";

const warnings = (node: LabNode) =>
  node.events
    .filter(({ level, event }) => level === "warn" && event === "a hub does not answer")
    .map(({ fields }) => fields["reason"]);

const backend = (node: LabNode) => node.cluster.view().backends.find(({ name }) => name === "hub");

describe("a hub that was given by URL", () => {
  test("and does not answer is warned of once, then every hour; the status says why", async () => {
    const lab = new Lab(91);
    lab.multicast = false;
    const node = lab.add("node", {
      hubs: [{ host: lab.world.addHost({ name: "off" }).address, port: PORT }],
    });
    node.start();
    await lab.run(60_000);
    expect(warnings(node)).toEqual(["connection refused"]);
    expect(backend(node)).toMatchObject({
      state: "failed",
      detail: "http://10.0.0.1:8000 does not answer: connection refused",
    });
    await lab.run(3_600_000);
    expect(warnings(node)).toEqual(["connection refused", "connection refused"]);
    expect(node.cluster.view().role).toBe("hub");
  });

  test("and whose name nobody knows says that", async () => {
    const lab = new Lab(95);
    lab.multicast = false;
    const node = lab.add("node", { hubs: [{ host: "nope.example", port: PORT }] });
    node.start();
    await lab.run(10_000);
    expect(backend(node)).toMatchObject({
      state: "failed",
      detail: "http://nope.example:8000 is not used: the name is not known",
      mend: expect.stringContaining("nope.example"),
    });
  });

  test("and goes away and comes back is told of at each change", async () => {
    const lab = new Lab(92);
    lab.multicast = false;
    const hub = lab.add("hub");
    const node = lab.add("node", { hubs: [{ host: hub.host.address, port: PORT }] });
    for (const one of [hub, node]) one.start();
    await lab.until("one hub", 5_000, () => lab.agree([hub, node]));
    expect([warnings(node), backend(node)?.state]).toEqual([[], "running"]);
    expect(backend(node)?.detail).toEndWith(" answers");
    hub.kill();
    await lab.run(60_000);
    expect(warnings(node)).toEqual(["connection refused"]);
    hub.start();
    await lab.until("found again", 60_000, () => backend(node)?.state === "running");
    expect(node.logged("a hub answers again")).toHaveLength(1);
    // It was given this URL, so it leads no more, whoever of the two has the higher id.
    await lab.until("it leads again", 60_000, () => hub.cluster.view().role === "hub");
    await lab.until("one hub", 60_000, () => lab.agree([hub, node]));
  });

  test("of another cluster is said so, and one that is this node is no failure", async () => {
    const lab = new Lab(93);
    lab.multicast = false;
    const reef = lab.add("reef", { cluster: "reef" });
    const node = lab.add("node", { hubs: [{ host: reef.host.address, port: PORT }] });
    for (const one of [reef, node]) one.start();
    await lab.run(30_000);
    expect(warnings(node)).toEqual(['belongs to the cluster "reef"']);
    expect(backend(node)).toMatchObject({ state: "failed" });

    const alone = lab.add("alone", { hubs: [{ host: "alone", port: PORT }] });
    alone.start();
    await lab.run(30_000);
    expect(warnings(alone)).toEqual([]);
    expect(backend(alone)).toMatchObject({
      state: "running",
      detail: "http://alone:8000 is this node",
    });
  });

  test("is how everybody found each other, as the lists of all of them say", async () => {
    const lab = new Lab(94);
    lab.multicast = false;
    const hub = lab.add("hub");
    const hubs = [{ host: hub.host.address, port: PORT }];
    const nodes = [hub, lab.add("one", { hubs }), lab.add("two", { hubs })] as const;
    for (const one of nodes) one.start();
    await lab.until("one hub", 10_000, () => lab.agree(nodes));
    await lab.run(5_000);
    for (const from of nodes) {
      for (const of of nodes) {
        const expected = from === of ? [] : ["hub"];
        expect([from.host.name, of.host.name, recordOf(from, of)?.discovered_by]).toEqual([
          from.host.name,
          of.host.name,
          expected,
        ]);
      }
    }
  });
});

test("a worker says at info that it registers, and where", async () => {
  const lab = new Lab(95);
  const nodes = lab.addMany(2);
  for (const node of nodes) node.start();
  await lab.until("one hub", 10_000, () => lab.agree(nodes));
  const worker = nodes.find((node) => node.cluster.view().role === "worker");
  const hub = lab.hubOf(nodes);
  expect(worker?.logged("registering with discovery hub")).toMatchObject([
    { level: "info", fields: { address: `${hub.host.address}:${PORT}` } },
  ]);
});
