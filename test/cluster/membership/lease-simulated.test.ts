import { describe, expect, test } from "bun:test";
import { Problem } from "../../../src/platform/errors.ts";
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

  test("that another node does not have is told of", async () => {
    const { lab, nodes } = leased(510, ["a", "b"]);
    const other = lab.add("other");
    for (const node of [...nodes, other]) node.start();
    await lab.run(30_000);
    const told = nodes.map(({ cluster }) => cluster.view().lease?.stranger?.nodeId);
    expect(told).toContain(other.identity.nodeId);
    expect(told.every((id) => id === undefined || id === other.identity.nodeId)).toBe(true);
  });

  test("passes on within its time after a crash of the holder, at once after a stop", async () => {
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

  test("while no store answers, the hub serves reads only and nobody takes its place", async () => {
    const { lab, lease, nodes } = leased(503);
    for (const node of nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    const hub = lab.hubOf(nodes);
    lease.isDown = true;
    await lab.run(20_000);
    expect(lab.agree(nodes)).toBe(true);
    expect(lab.hubOf(nodes)).toBe(hub);
    expect(writers(nodes)).toEqual([]);
    const late = { server_id: "late", host: "10.0.0.77", port: 8000 };
    // A worker passes it on to the hub.
    for (const node of nodes) {
      const reply = await lab.request(hub.host, node, "POST", "/api/discovery/register", late);
      expect(reply.status).toBe(503);
      expect(reply.body).toMatchObject({ type: "urn:tankd:problem:lease_lost" });
    }
    expect(hub.cluster.server("late")).toBeUndefined();
    expect(hub.cluster.view().roleReason).toContain("reads only");
    lease.isDown = false;
    await lab.run(25_000);
    expect(writers(nodes)).toEqual([lab.hubOf(nodes).host.name]);
  });

  test("is not held for the longer because the machine slept before the answer came", async () => {
    const { lab, lease, nodes } = leased(512, ["a"]);
    const [only] = nodes;
    only?.start();
    await lab.until("the lease", 20_000, () => writers(nodes).length === 1);
    lease.answerMs = 900;
    const before = lease.renewals;
    await lab.until("it is asked again", 2_000, () => lease.renewals > before);
    lease.isDown = true;
    if (only) only.host.wallOffsetMs += 6_000;
    for (let ms = 0; ms < 8_000; ms += 20) {
      await lab.run(20);
      expect(writers(nodes)).toEqual([]);
    }
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
    expect(worker.cluster.view().roleReason).toContain("never takes it");
  });
});

describe("a node", () => {
  test("that leaves gives the lease back and stays out until it joins", async () => {
    const { lab, lease, nodes, holder } = leased(506);
    for (const node of nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    const first = lab.hubOf(nodes);
    const others = nodes.filter((node) => node !== first);
    void first.cluster.leave();
    await lab.until("another hub", 20_000, () => lab.agree(others));
    expect(holder()).toBe(lab.hubOf(others));
    expect(first.cluster.role).toBe("discovering");
    for (const node of others) node.kill();
    await lab.run(20_000);
    expect(lease.holder).toBeUndefined();
    expect(first.cluster.role).toBe("discovering");
    const [other] = others;
    if (other === undefined) throw new Error("no other");
    void first.cluster.join({ host: other.host.addresses[0] ?? "", port: 8000 });
    await lab.until("it leads again", 20_000, () => lab.agree([first]));
    expect(holder()).toBe(first);
  });

  test("that leaves writes nothing any more while it says goodbye", async () => {
    const { lab, lease, nodes } = leased(513, ["a", "b", "c", "d"]);
    // They ask the store by turns.
    for (const node of nodes) {
      node.start();
      await lab.run(200);
    }
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    const hub = lab.hubOf(nodes);
    const others = nodes.filter((node) => node !== hub);
    // Its goodbye to this one is not answered.
    lab.world.network.partition(
      [hub.host],
      others.slice(0, 1).map(({ host }) => host),
    );
    // Another one sees the lease free before this one asks the store again.
    const before = lease.renewals;
    await lab.until("it has asked", 2_000, () => lease.renewals > before);
    void hub.cluster.leave();
    await lab.until("another hub", 20_000, () => {
      expect(writers(nodes).length).toBeLessThanOrEqual(1);
      return lab.agree(others) && writers(others).length === 1;
    });
  });

  test("that is fenced gives the lease back at once", async () => {
    const { lab, nodes, holder } = leased(514);
    for (const node of nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    const hub = lab.hubOf(nodes);
    const others = nodes.filter((node) => node !== hub);
    hub.cluster.fence(new Problem("directory_copied", "This directory is a copy."));
    await lab.until("another holder", 2_000, () => others.some((one) => one === holder()));
    await lab.until("another hub", 20_000, () => lab.agree(others));
    await lab.run(20_000);
    expect(others).toContain(holder() as LabNode);
  });

  test("that leaves as a worker does not take the lease of a hub that is gone", async () => {
    const { lab, lease, nodes } = leased(507, ["a", "b"]);
    for (const node of nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    const hub = lab.hubOf(nodes);
    const [worker] = nodes.filter((node) => node !== hub);
    void worker?.cluster.leave();
    await lab.run(5_000);
    hub.kill();
    await lab.run(20_000);
    expect(lease.holder).toBeUndefined();
    expect(worker?.cluster.role).toBe("discovering");
  });

  test("that is cut off from the store follows the lease's holder, even a former hub", async () => {
    const { lab, nodes } = leased(508, ["a", "b", "c", "d"]);
    for (const node of nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    const hub = lab.hubOf(nodes);
    const store = lab.world.host("store");
    const [worker] = nodes.filter((node) => node !== hub);
    if (!store || !worker) throw new Error("no store");
    lab.world.network.partition([hub.host, worker.host], [store]);
    await lab.until("another hub", 60_000, () => lab.agree(nodes) && lab.hubOf(nodes) !== hub);
    expect(writers(nodes)).toEqual([lab.hubOf(nodes).host.name]);
  });

  test("leads on without a gap if the store lost its lease and nobody else wants it", async () => {
    const { lab, lease, nodes, holder } = leased(509, ["a"]);
    const [only] = nodes;
    only?.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    lease.isDown = true;
    await lab.run(20_000);
    lease.isDown = false;
    await lab.until("the lease", 20_000, () => writers(nodes).length === 1);
    expect(holder()).toBe(only as LabNode);
    expect(only?.logged("role changed")).toEqual([]);
  });

  test("follows nobody who leads without the lease, even while no store answers", async () => {
    const { lab, lease, nodes } = leased(510);
    lease.isDown = true;
    const wild = lab.add("wild");
    for (const node of [...nodes, wild]) node.start();
    await lab.run(30_000);
    expect(wild.cluster.role).toBe("hub");
    for (const node of nodes) expect(node.cluster.role).toBe("discovering");
  });
});

const ENDS = [
  ["dies", (hub: LabNode) => hub.kill()],
  ["goes in order", (hub: LabNode) => void hub.cluster.stop()],
] as const;
const CROWDS = [
  [511, ["a", "b"]],
  [512, ["a", "b", "c"]],
  [513, ["a", "b", "c", "d"]],
  [514, ["a", "b", "c", "d", "e", "f"]],
] as const;

test.each(ENDS.flatMap(([how, end]) => CROWDS.map((crowd) => [how, ...crowd, end] as const)))(
  "without a store, nodes whose hub %s do not follow it through each other (seed %i, %j)",
  async (_, seed, names, end) => {
    const { lab, lease, nodes, holder } = leased(seed, [...names]);
    for (const node of nodes) node.start();
    await lab.until("one hub", 20_000, () => lab.agree(nodes));
    const hub = lab.hubOf(nodes);
    const others = nodes.filter((node) => node !== hub);
    lease.isDown = true;
    await lab.run(10_000);
    end(hub);
    const said = "the holder of the lease is unknown: the store does not answer";
    const areWithout = () =>
      others.every(({ cluster }) => {
        const { role, roleReason } = cluster.view();
        return role === "discovering" && roleReason === said;
      });
    await lab.until("nobody leads", 10_000, areWithout);
    for (const node of others) expect(node.logged("the hub has ").length).toBeLessThanOrEqual(2);
    for (let seconds = 0; seconds < 60; seconds++) {
      await lab.run(1_000);
      expect(areWithout()).toBe(true);
    }
    lease.isDown = false;
    await lab.until("another hub", 20_000, () => lab.agree(others));
    expect(lab.hubOf(others)).toBe(holder() as LabNode);
  },
);
