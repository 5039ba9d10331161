import { describe, expect, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";
import type { LabNode } from "../../support/simulated/lab-node.ts";
import { LeaseStore } from "../../support/simulated/lease-store.ts";

function leased(seed: number, names = ["a", "b", "c"]) {
  const lab = new Lab(seed);
  const lease = new LeaseStore(lab.world);
  const nodes = names.map((name) => lab.add(name, { lease }));
  const holder = () => nodes.find(({ identity }) => identity.nodeId === lease.holder);
  return { lab, lease, nodes, holder };
}

/** Hubs that would change the list of servers now. */
function writers(nodes: readonly LabNode[]): readonly string[] {
  return nodes.flatMap(({ running, host }) => {
    const view = running?.view();
    return view?.role === "hub" && view.lease?.isValid ? [host.name] : [];
  });
}

describe("a lease", () => {
  test("decides who is hub, whatever the rank, and everybody follows", async () => {
    const { lab, nodes, holder } = leased(501);
    for (const node of nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    expect(lab.hubOf(nodes)).toBe(holder() as LabNode);
    expect(writers(nodes)).toEqual([lab.hubOf(nodes).host.name]);
  });

  test("is another's within its time when the holder is gone, at once when that goes in order", async () => {
    const { lab, nodes, holder } = leased(502);
    for (const node of nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    const [first] = [lab.hubOf(nodes)];
    first.kill();
    const others = nodes.filter((node) => node !== first);
    const crashMs = await lab.until("a new hub", 20_000, () => lab.agree(others));
    expect(crashMs).toBeGreaterThan(3_000);
    expect(lab.hubOf(others)).toBe(holder() as LabNode);
    const second = lab.hubOf(others);
    void second.cluster.stop();
    const rest = others.filter((node) => node !== second);
    const stopMs = await lab.until("the last one", 20_000, () => lab.agree(rest));
    expect(stopMs).toBeLessThan(crashMs);
  });

  test("without a store that answers, the hub serves reads only, and nobody takes its place", async () => {
    const { lab, lease, nodes } = leased(503);
    for (const node of nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    const hub = lab.hubOf(nodes);
    lease.isDown = true;
    await lab.run(20_000);
    expect(lab.agree(nodes)).toBe(true);
    expect(lab.hubOf(nodes)).toBe(hub);
    expect(writers(nodes)).toEqual([]);
    const reply = await lab.request(hub.host, hub, "POST", "/api/discovery/register", {
      server_id: "late",
      host: "10.0.0.77",
      port: 8000,
    });
    expect(reply.status).toBe(503);
    expect(reply.body).toMatchObject({ type: "urn:tankd:problem:lease_lost" });
    expect(hub.cluster.view().roleReason).toContain("reads only");
    lease.isDown = false;
    await lab.run(25_000);
    expect(writers(nodes)).toEqual([lab.hubOf(nodes).host.name]);
  });

  test("held by one that the store has cut off goes to another; never do two write", async () => {
    const { lab, nodes } = leased(504);
    for (const node of nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    const hub = lab.hubOf(nodes);
    const store = lab.world.host("store");
    if (!store) throw new Error("no store");
    let most = 0;
    const heal = lab.world.network.partition([hub.host], [store]);
    await lab.until("another writer", 30_000, () => {
      most = Math.max(most, writers(nodes).length);
      const [writer] = writers(nodes);
      return writer !== undefined && writer !== hub.host.name;
    });
    await lab.run(10_000);
    most = Math.max(most, writers(nodes).length);
    expect(most).toBe(1);
    heal();
    await lab.until("one hub again", 30_000, () => lab.agree(nodes));
    expect(writers(nodes)).toEqual([lab.hubOf(nodes).host.name]);
  });

  test("is never given to a node that must not lead", async () => {
    const lab = new Lab(505);
    const lease = new LeaseStore(lab.world);
    const worker = lab.add("worker", { lease, role: "worker" });
    worker.start();
    await lab.run(10_000);
    expect(lease.holder).toBeUndefined();
    expect(worker.cluster.view().roleReason).toContain("the lease decides, which is free");
  });
});
