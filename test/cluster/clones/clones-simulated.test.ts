import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT, recordOf } from "../../support/simulated/lab-node.ts";
import { copyOf, hubAndWorker } from "./support.ts";

/** Simulated minutes take seconds, on a busy machine many. */
setDefaultTimeout(60_000);

describe("a data directory that runs twice", () => {
  test("where both see each other: the later start is fenced, the earlier goes on", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const lab = new Lab(seed);
      const [first, second, third] = lab.addMany(3) as [LabNode, LabNode, LabNode];
      for (const node of [first, second, third]) node.start();
      await lab.until("one hub", 5_000, () => lab.agree([first, second, third]));
      // The hub itself has the highest rank, so its copy would have it as well.
      const copy = copyOf(lab, first);
      copy.start();
      await lab.until("fenced", 5_000, () => copy.fenced !== undefined);
      await lab.run(20_000);
      expect(first.fenced).toBeUndefined();
      expect(copy.fenced?.code).toBe("directory_copied");
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

  test("where only a hub sees both: it asks the older and shows the later its answer", async () => {
    const { lab, hub, hubs, original } = await hubAndWorker(11);
    await lab.run(3_000);
    const copy = copyOf(lab, original, { hubs });
    lab.world.network.partition([original.host], [copy.host]);
    copy.start();
    await lab.until("fenced", 5_000, () => copy.fenced !== undefined);
    await lab.run(60_000);
    expect(original.fenced).toBeUndefined();
    expect(recordOf(hub, original)).toMatchObject({
      host: original.host.address,
      status: "online",
    });
    expect(hub.logged("a node runs twice")).toHaveLength(1);
    // The copy leaves, and takes only itself off the list.
    void copy.cluster.stop();
    await lab.run(3_000);
    expect(recordOf(hub, original)).toMatchObject({ status: "online" });
  });

  test("where the later meets the hub first: it is fenced when the earlier appears", async () => {
    const { lab, hub, hubs, original } = await hubAndWorker(12);
    const copy = copyOf(lab, original, { hubs });
    const heal = lab.world.network.partition([original.host], [hub.host, copy.host]);
    await lab.run(40_000);
    copy.start();
    await lab.until("the hub lists the copy", 10_000, () => {
      return recordOf(hub, copy)?.host === copy.host.address;
    });
    expect(copy.fenced).toBeUndefined();
    heal();
    lab.world.network.partition([original.host], [copy.host]);
    await lab.until("fenced", 30_000, () => copy.fenced !== undefined);
    await lab.run(30_000);
    expect(original.fenced).toBeUndefined();
    expect(recordOf(hub, original)).toMatchObject({
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
      expect(original.fenced).toBeUndefined();
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
    expect(moved.fenced).toBeUndefined();
    expect(recordOf(hub, moved)).toMatchObject({ host: moved.host.address, status: "online" });
  });
});

describe("two nodes with one key behind one router", () => {
  /** They only dial out, and name the router's address: nobody answers there. */
  const BEHIND_ROUTER = {
    reachable: false,
    advertise: [{ host: "203.0.113.7", port: PORT }],
  };

  test("are told from each other by their hub, which can dial neither", async () => {
    const { lab, hub, hubs, original } = await hubAndWorker(41, BEHIND_ROUTER);
    await lab.run(3_000);
    const copy = copyOf(lab, original, { ...BEHIND_ROUTER, hubs });
    lab.world.network.partition([original.host], [copy.host]);
    copy.start();
    await lab.until("fenced", 10_000, () => copy.fenced !== undefined);
    await lab.run(60_000);
    expect(original.fenced).toBeUndefined();
    expect(recordOf(hub, original)).toMatchObject({ status: "online" });
    expect(hub.logged("a node runs twice")).toHaveLength(1);
  });

  test("also where the later one came first", async () => {
    const { lab, hub, hubs, original } = await hubAndWorker(42, BEHIND_ROUTER);
    const copy = copyOf(lab, original, { ...BEHIND_ROUTER, hubs });
    const heal = lab.world.network.partition([original.host], [hub.host, copy.host]);
    await lab.run(40_000);
    copy.start();
    await lab.until("a worker", 10_000, () => copy.cluster.view().role === "worker");
    heal();
    lab.world.network.partition([original.host], [copy.host]);
    await lab.until("fenced", 30_000, () => copy.fenced !== undefined);
    await lab.run(30_000);
    expect(original.fenced).toBeUndefined();
    expect(recordOf(hub, original)).toMatchObject({ status: "online" });
  });

  test("are not seen in one that restarts, however late its earlier messages come", async () => {
    const { lab, hub, original } = await hubAndWorker(43, BEHIND_ROUTER);
    Object.assign(lab.world.network.faults, { duplicatePercent: 60, copyDelayMaxMs: 20_000 });
    for (let round = 0; round < 4; round++) {
      original.kill();
      await lab.run(100);
      original.start();
      await lab.until("a worker", 5_000, () => lab.agree([hub, original]));
      await lab.run(10_000);
      expect(original.fenced).toBeUndefined();
      const said = original.cluster.positions.statement();
      expect(said).toBeDefined();
      expect(hub.cluster.positions.isBehind(original.identity.nodeId, said)).toBe(false);
    }
    expect(hub.logged("a node runs twice")).toEqual([]);
  });
});
