import { describe, expect, test } from "bun:test";
import { Boots } from "../../src/cluster/clones/boots.ts";
import { Lab, type LabNode, PORT, recordOf } from "./support/lab.ts";

/** A copy of a node's data directory on a machine of its own; it is not started. */
function copyOf(lab: Lab, original: LabNode, settings: Parameters<Lab["add"]>[1] = {}): LabNode {
  const copy = lab.add(`copy of ${original.host.name}`, settings, original.identity);
  copy.store = original.store.copy();
  return copy;
}

/** A hub by URL, and a worker of it. Nobody hears of anybody else. */
async function hubAndWorker(seed: number) {
  const lab = new Lab(seed);
  lab.multicast = false;
  const hub = lab.add("hub", { priority: 1_000 });
  const hubs = [{ host: hub.host.address, port: PORT }];
  const original = lab.add("original", { hubs });
  for (const node of [hub, original]) node.start();
  await lab.until("one hub", 5_000, () => lab.agree([hub, original]));
  return { lab, hub, hubs, original };
}

function listedBy(hub: LabNode, node: LabNode) {
  return recordOf(hub, node);
}

describe("a data directory that runs twice", () => {
  test("where both see each other: the one that was started later stands still, the other goes on", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const lab = new Lab(seed);
      const [first, second, third] = lab.addMany(3) as [LabNode, LabNode, LabNode];
      for (const node of [first, second, third]) node.start();
      await lab.until("one hub", 5_000, () => lab.agree([first, second, third]));
      // The hub itself has the highest rank, so its copy would have it as well.
      const copy = copyOf(lab, first);
      copy.start();
      await lab.until("held", 5_000, () => copy.held !== undefined);
      await lab.run(20_000);
      expect(first.held).toBeUndefined();
      expect(copy.held?.code).toBe("directory_copied");
      expect(copy.cluster.self()).toMatchObject({ status: "degraded" });
      expect(copy.cluster.view().role).not.toBe("hub");
      expect(lab.agree([first, second, third])).toBe(true);
      for (const node of [second, third]) {
        expect(recordOf(node, first)).toMatchObject({
          host: first.host.address,
          status: "online",
        });
      }
      expect(first.logged("another running node has this node's key")).toHaveLength(1);
    }
  });

  test("where only a hub sees both: it asks the older, and tells the later what that has signed", async () => {
    const { lab, hub, hubs, original } = await hubAndWorker(11);
    await lab.run(3_000);
    const copy = copyOf(lab, original, { hubs });
    lab.world.network.partition([original.host], [copy.host]);
    copy.start();
    await lab.until("held", 5_000, () => copy.held !== undefined);
    await lab.run(60_000);
    expect(original.held).toBeUndefined();
    expect(listedBy(hub, original)).toMatchObject({
      host: original.host.address,
      status: "online",
    });
    expect(hub.logged("a node runs twice")).toHaveLength(1);
    // The copy leaves, and takes only itself off the list.
    void copy.cluster.stop();
    await lab.run(3_000);
    expect(listedBy(hub, original)).toMatchObject({ status: "online" });
  });

  test("where the later one came to the hub first, it stands still when the earlier one appears", async () => {
    const { lab, hub, hubs, original } = await hubAndWorker(12);
    const copy = copyOf(lab, original, { hubs });
    const heal = lab.world.network.partition([original.host], [hub.host, copy.host]);
    await lab.run(40_000);
    copy.start();
    await lab.until("the hub lists the copy", 10_000, () => {
      return listedBy(hub, copy)?.host === copy.host.address;
    });
    expect(copy.held).toBeUndefined();
    heal();
    lab.world.network.partition([original.host], [copy.host]);
    await lab.until("held", 30_000, () => copy.held !== undefined);
    await lab.run(30_000);
    expect(original.held).toBeUndefined();
    expect(listedBy(hub, original)).toMatchObject({
      host: original.host.address,
      status: "online",
    });
  });
});

describe("a node that is started again", () => {
  test("never takes its own past for another, and is not kept waiting", async () => {
    const { lab, hub, original } = await hubAndWorker(21);
    Object.assign(lab.world.network.faults, { duplicatePercent: 60, copyDelayMaxMs: 20_000 });
    for (let round = 0; round < 6; round++) {
      original.kill();
      await lab.run(100);
      original.start();
      const tookMs = await lab.until("a worker", 3_000, () => lab.agree([hub, original]));
      expect(tookMs).toBeLessThan(2_000);
      await lab.run(5_000);
      expect(original.held).toBeUndefined();
    }
    expect(hub.logged("a node runs twice")).toEqual([]);
    expect(original.logged("another running node")).toEqual([]);
  });

  test("also not at another address", async () => {
    const { lab, hub, hubs, original } = await hubAndWorker(22);
    original.kill();
    const moved = copyOf(lab, original, { hubs });
    moved.start();
    await lab.until("a worker", 10_000, () => lab.agree([hub, moved]));
    await lab.run(20_000);
    expect(moved.held).toBeUndefined();
    expect(listedBy(hub, moved)).toMatchObject({ host: moved.host.address, status: "online" });
  });
});

describe("a data directory that was set back", () => {
  test("is noticed by what its hub remembers, also when it has done more since", async () => {
    for (const more of [0, 200]) {
      const { lab, hub, original } = await hubAndWorker(31);
      const image = original.store.copy();
      for (let index = 0; index < 50; index++) {
        await original.store.journal.commit([{ put: "meta", key: "k", value: String(index) }]);
      }
      await lab.run(70_000);
      original.kill();
      original.store = image;
      // Alone, before it comes back to those who remember.
      if (more > 0) await new Boots(image.journal, "alone").begin();
      for (let index = 0; index < more; index++) {
        await image.journal.commit([{ put: "meta", key: "k", value: String(index) }]);
      }
      original.start();
      await lab.until("held", 5_000, () => original.held !== undefined);
      await lab.run(3_000);
      const record = listedBy(hub, original);
      expect(record?.status).toBe("degraded");
      expect(record?.status_reason).toContain("older state or a copy of itself");
    }
  });

  test("is noticed in a machine that is set back while it runs", async () => {
    const { lab, original } = await hubAndWorker(32);
    const position = Object.getOwnPropertyDescriptor(
      Object.getPrototypeOf(original.store.journal),
      "position",
    );
    for (let index = 0; index < 50; index++) {
      await original.store.journal.commit([{ put: "meta", key: "k", value: String(index) }]);
    }
    await lab.run(70_000);
    expect(original.held).toBeUndefined();
    const there = position?.get?.call(original.store.journal) as number;
    Object.defineProperty(original.store.journal, "position", { get: () => there - 20 });
    await lab.until("held", 3_000, () => original.held !== undefined);
  });
});
