import { describe, expect, test } from "bun:test";
import type { CheckupReport } from "../../../src/cluster/checkup/checkup.ts";
import { Lab } from "../../support/simulated/lab.ts";
import type { LabNode } from "../../support/simulated/lab-node.ts";

/** Runs a node's check to its end. */
async function examine(lab: Lab, node: LabNode): Promise<CheckupReport> {
  let report: CheckupReport | undefined;
  void node.cluster.examine().then((ended) => {
    report = ended;
  });
  await lab.until("examined", 20_000, () => report !== undefined);
  if (!report) throw new Error("no report");
  return report;
}

/** Two nodes and more of one cluster. */
async function together(seed: number, count = 2) {
  const lab = new Lab(seed);
  const nodes = lab.addMany(count);
  for (const node of nodes) node.start();
  await lab.until("one hub", 20_000, () => lab.agree(nodes));
  const hub = lab.hubOf(nodes);
  const workers = nodes.filter((node) => node !== hub);
  const [worker] = workers;
  if (!worker) throw new Error("all are hub");
  return { lab, nodes, hub, worker, workers };
}

const at = (node: LabNode) => ({ host: node.host.address, port: 8000 });

describe("the ways between two nodes", () => {
  test("are open both ways, and the clocks are compared", async () => {
    const { lab, hub, worker } = await together(401);
    worker.host.wallOffsetMs += 90_000;
    const [from, to] = [await examine(lab, hub), await examine(lab, worker)];
    expect(from.addresses).toEqual([at(hub)]);
    expect(from.peers).toMatchObject([
      {
        node_id: worker.identity.nodeId,
        role: "worker",
        status: "online",
        failure: null,
        dial_back: [{ ...at(hub), reached: true, reason: null }],
        dial_back_failure: null,
      },
    ]);
    expect(to.peers).toMatchObject([{ node_id: hub.identity.nodeId, role: "hub", failure: null }]);
    const [offset, back] = [from, to].map(({ peers }) => peers[0]?.clock_offset_ms ?? 0);
    expect(Math.round((offset ?? 0) / 1_000)).toBe(90);
    expect(Math.round((back ?? 0) / 1_000)).toBe(-90);
  });

  test("of whom no connection reaches is told what the others meet", async () => {
    const lab = new Lab(402);
    const hub = lab.add("hub");
    const closed = lab.add("closed", { reachable: false });
    for (const node of [hub, closed]) node.start();
    await lab.until("one hub", 20_000, () => lab.agree([hub, closed]));
    const { peers } = await examine(lab, closed);
    expect(peers).toMatchObject([
      {
        server_id: "hub",
        failure: null,
        dial_back: [{ ...at(closed), reached: false, reason: "connection refused" }],
      },
    ]);
    await lab.run(10_000);
    const [seen] = (await examine(lab, hub)).peers;
    expect(seen).toMatchObject({ server_id: "closed", dial_back: null, addresses: [at(closed)] });
    expect(seen?.failure).toBe("connection refused");
    // It holds a tunnel to the hub.
    expect(seen?.through).toBe("hub");
    expect(closed.cluster.self().relay).toBe(hub.identity.nodeId);
  });

  test("are tried to all members, the hub first; one that is away is told as such", async () => {
    const { lab, worker, workers, hub } = await together(403, 4);
    const [, second] = workers;
    second?.kill();
    for (const one of workers.filter(({ isUp }) => isUp)) {
      const [first] = (await examine(lab, one)).peers;
      expect(first).toMatchObject({ node_id: hub.identity.nodeId, role: "hub" });
    }
    const { peers, left_out } = await examine(lab, worker);
    expect([peers.length, left_out, peers[0]?.node_id]).toEqual([3, 0, hub.identity.nodeId]);
    const failures = peers.filter(({ failure }) => failure !== null);
    expect(failures.map(({ node_id }) => node_id)).toEqual([second?.identity.nodeId ?? ""]);
  });

  test("who asks twice at once has one answer", async () => {
    const { lab, worker } = await together(404);
    const [first, second] = [worker.cluster.examine(), worker.cluster.examine()];
    expect(first).toBe(second);
    await lab.run(10_000);
    expect(await first).toBe(await second);
  });
});
