import { describe, expect, test } from "bun:test";
import { Lab, nameOf } from "../../support/simulated/lab.ts";
import { DEFAULTS, type LabNode, PORT } from "../../support/simulated/lab-node.ts";

function url(node: LabNode) {
  return { host: node.host.address, port: PORT };
}

describe("roles that were asked for", () => {
  test("--role hub leads from the start, whatever its id", async () => {
    for (const seed of [21, 22, 23]) {
      const lab = new Lab(seed);
      const nodes = [lab.add("a"), lab.add("b", { role: "hub" }), lab.add("c")];
      for (const node of nodes) node.start();
      await lab.until("one hub", 5_000, () => lab.agree(nodes));
      expect(lab.hubOf(nodes).host.name).toBe("b");
    }
  });

  test("--role hub that comes later joins the hub that is there", async () => {
    const lab = new Lab(24);
    const nodes = [lab.add("a"), lab.add("b", { role: "hub" })];
    nodes[0]?.start();
    await lab.run(3_000);
    nodes[1]?.start();
    await lab.until("one hub", 5_000, () => lab.agree(nodes));
    expect(lab.hubOf(nodes).host.name).toBe("a");
    const reasons = nodes.map(({ cluster }) => cluster.view().roleReason);
    expect(reasons).toEqual([undefined, expect.stringContaining("another hub leads already")]);
  });

  test("a higher --priority beats the id", async () => {
    const lab = new Lab(25);
    const nodes = [lab.add("a"), lab.add("b"), lab.add("c", { priority: 101 })];
    for (const node of nodes) node.start();
    await lab.until("one hub", 5_000, () => lab.agree(nodes));
    expect(lab.hubOf(nodes).host.name).toBe("c");
  });

  test("--role worker never claims, not even when the hub dies", async () => {
    const lab = new Lab(26);
    const [hub, worker] = [lab.add("a"), lab.add("b", { role: "worker", priority: 900 })];
    worker.start();
    await lab.run(10_000);
    expect(worker.cluster.view()).toMatchObject({
      role: "discovering",
      roleReason: "it has found no hub, and with --role worker it never becomes one",
    });
    hub.start();
    await lab.until("one hub", 5_000, () => lab.agree([hub, worker]));
    expect(worker.cluster.view().roleReason).toBeUndefined();
    hub.kill();
    await lab.run(30_000);
    expect(worker.cluster.view().role).not.toBe("hub");
    hub.start();
    await lab.until("one hub again", 8_000, () => lab.agree([hub, worker]));
  });
});

describe("hubs by URL, without multicast", () => {
  test("workers find the hub and each other", async () => {
    const lab = new Lab(31);
    lab.multicast = false;
    const hub = lab.add("hub");
    const workers = [1, 2, 3].map((n) => lab.add(`w${n}`, { hubs: [url(hub)] }));
    const nodes = [hub, ...workers];
    for (const node of nodes) node.start();
    await lab.until("one hub", 5_000, () => lab.agree(nodes));
    expect(lab.hubOf(nodes).host.name).toBe("hub");
    hub.kill();
    await lab.until("taken over", 4_000, () => lab.agree(workers));
    hub.start();
    await lab.until("all together", 20_000, () => lab.agree(nodes));
  });

  test("a worker that started first gives way to its hub, whatever its rank", async () => {
    for (const seed of [32, 33, 34]) {
      const lab = new Lab(seed);
      lab.multicast = false;
      const hub = lab.add("hub", { priority: 1 });
      const worker = lab.add("w", { hubs: [url(hub)], role: "hub" });
      worker.start();
      // The hub that it was given may be starting itself.
      await lab.run(10_000);
      expect(worker.cluster.view().role).toBe("discovering");
      await lab.run(10_000);
      expect(worker.cluster.view().role).toBe("hub");
      hub.start();
      await lab.until("one hub", 35_000, () => lab.agree([hub, worker]));
      expect(lab.hubOf([hub, worker]).host.name).toBe("hub");
    }
  });

  test("nodes that were all given the same URL, their own among them, agree", async () => {
    const lab = new Lab(35);
    lab.multicast = false;
    const first = { host: "10.0.0.1", port: PORT };
    const nodes = ["a", "b", "c"].map((name) => lab.add(name, { hubs: [first] }));
    for (const node of nodes) node.start();
    await lab.until("one hub", 6_000, () => lab.agree(nodes));
  });

  test("the second URL is used while the first is down", async () => {
    const lab = new Lab(36);
    lab.multicast = false;
    const hub = lab.add("hub");
    const off = lab.world.addHost({ name: "off" });
    const worker = lab.add("w", { hubs: [{ host: off.address, port: PORT }, url(hub)] });
    hub.start();
    worker.start();
    await lab.until("one hub", 5_000, () => lab.agree([hub, worker]));
    const warned = worker.logged("a hub does not answer").filter(({ level }) => level === "warn");
    expect(warned).toHaveLength(1);
  });
});

describe("nodes that only dial out", () => {
  test("never lead those that cannot reach them", async () => {
    for (const seed of [41, 42, 43]) {
      const lab = new Lab(seed);
      lab.multicast = false;
      const hub = lab.add("hub", { priority: 1 });
      const hidden = lab.add("hidden", { priority: 900, reachable: false });
      const worker = lab.add("w", { priority: 2 });
      hidden.seeds = [url(hub), url(worker)];
      worker.seeds = [url(hub)];
      const nodes = [hub, hidden, worker];
      for (const node of nodes) node.start();
      await lab.until("one hub", 30_000, () => lab.agree(nodes));
      expect(lab.hubOf(nodes).host.name).not.toBe("hidden");
      const record = lab.hubOf(nodes).cluster.server(hidden.identity.nodeId);
      expect(record?.reachable).toBe(false);
    }
  });
});

describe("strangers", () => {
  test("clusters of different names on one network ignore each other", async () => {
    const lab = new Lab(51);
    const ours = [lab.add("a"), lab.add("b")];
    const theirs = [lab.add("c", { cluster: "other" }), lab.add("d", { cluster: "other" })];
    for (const node of lab.nodes) node.start();
    await lab.run(10_000);
    expect(lab.agree(ours)).toBe(true);
    expect(lab.agree(theirs)).toBe(true);
    expect(ours[0]?.cluster.servers()).toHaveLength(2);
    const warnings = lab.nodes.flatMap((node) => node.events.filter((e) => e.level === "warn"));
    expect(warnings).toEqual([]);
  });

  test("a foreign cluster's hub by URL is refused quietly", async () => {
    const lab = new Lab(52);
    lab.multicast = false;
    const theirs = lab.add("c", { cluster: "other" });
    const ours = lab.add("a", { hubs: [url(theirs)] });
    theirs.start();
    ours.start();
    await lab.run(10_000);
    expect(ours.cluster.view().role).toBe("hub");
    expect(ours.cluster.servers()).toHaveLength(1);
    expect(theirs.cluster.servers()).toHaveLength(1);
  });

  test("a copy of a node's directory is reported loudly", async () => {
    const lab = new Lab(53);
    lab.multicast = false;
    const original = lab.add("a");
    const copy = lab.add("b", { hubs: [url(original)] }, original.identity);
    original.start();
    copy.start();
    await lab.run(5_000);
    expect(copy.logged("another running node has this node's key")).toHaveLength(1);
  });
});

describe("labels", () => {
  test("two servers with one label: the later is shown with its node id", async () => {
    const lab = new Lab(61);
    const nodes = [
      lab.add("a", { role: "hub" }),
      lab.add("b", { serverId: "pi" }),
      lab.add("c", { serverId: "pi" }),
    ];
    const [hub, first, second] = nodes as [LabNode, LabNode, LabNode];
    hub.start();
    first.start();
    await lab.until("first", 5_000, () => lab.agree([hub, first]));
    second.start();
    await lab.until("all", 5_000, () => lab.agree(nodes));
    await lab.run(1_000);
    const suffix = second.identity.nodeId.slice(0, 6);
    for (const node of nodes) {
      const names = node.cluster.servers().map(({ server_id }) => server_id);
      expect(names).toEqual(["a", "pi", `pi-${suffix}`]);
    }
    expect(second.cluster.self().server_id).toBe(`pi-${suffix}`);
    await lab.run(25_000);
    expect(lab.agree(nodes)).toBe(true);
    expect(hub.cluster.server(`pi-${suffix}`)?.node_id).toBe(second.identity.nodeId);
  });
});

describe("what nodes know", () => {
  test("tags, capabilities, region and tanks reach everybody", async () => {
    const lab = new Lab(71);
    const a = lab.add("a");
    const b = lab.add("b", { tags: ["lab"], capabilities: ["gpu"], region: "eu" });
    const c = lab.add("c");
    for (const node of lab.nodes) node.start();
    await lab.until("one hub", 5_000, () => lab.agree(lab.nodes));
    b.addTank("reef", "0123456789abcdef");
    await lab.until("told of the tank", 3_000, () => {
      return [a, c].every((node) => node.cluster.locate("reef")?.server_id === "b");
    });
    for (const node of lab.nodes) {
      const { cluster } = node;
      for (const filter of [{ tags: ["lab"] }, { capabilities: ["gpu"] }, { region: "eu" }]) {
        expect(cluster.servers(filter).map(({ server_id }) => server_id)).toEqual(["b"]);
      }
      expect(cluster.servers({ capabilities: ["entity-transfer"] })).toHaveLength(3);
      expect(cluster.locate("0123456789abcdef")?.is_local).toBe(node === b);
      expect(cluster.tanksOf(b.identity.nodeId).map(({ name }) => name)).toEqual(["reef"]);
    }
  });

  test("any node can call any other, also one it has only heard of", async () => {
    const lab = new Lab(72);
    const nodes = lab.addMany(3);
    for (const node of nodes) node.start();
    await lab.until("one hub", 5_000, () => lab.agree(nodes));
    const [, a, b] = nodes as [LabNode, LabNode, LabNode];
    let status = 0;
    void a.cluster.call(b.identity.nodeId, "GET", "/api/servers/local").then((reply) => {
      status = reply.status;
    });
    await lab.until("answered", 1_000, () => status === 200);
  });

  test("a call to nobody rejects", async () => {
    const lab = new Lab(73);
    const node = lab.add("a");
    node.start();
    expect(node.cluster.call("nobody", "GET", "/health")).rejects.toThrow("No node");
  });

  test("clocks that are years apart, and that jump, do not matter", async () => {
    const lab = new Lab(74);
    const nodes = lab.addMany(3);
    const [, pi] = nodes as [LabNode, LabNode];
    pi.host.wallOffsetMs = -56 * 365 * 86_400_000;
    for (const node of nodes) node.start();
    await lab.until("one hub", 5_000, () => lab.agree(nodes));
    pi.host.wallOffsetMs = 0;
    await lab.run(3_000);
    lab.hubOf(nodes).host.wallOffsetMs = 3_600_000;
    await lab.run(20_000);
    expect(lab.agree(nodes)).toBe(true);
    for (const node of nodes) expect(node.logged("the hub has fallen silent")).toEqual([]);
  });

  test("neighbours of the last run are offline until heard, and found without help", async () => {
    const lab = new Lab(75);
    const [hub, worker] = lab.addMany(2) as [LabNode, LabNode];
    for (const node of [hub, worker]) {
      node.remembers = true;
      node.start();
    }
    await lab.until("one hub", 5_000, () => lab.agree([hub, worker]));
    await lab.run(6_000);
    hub.kill();
    worker.kill();
    lab.multicast = false;
    worker.start();
    await lab.run(200);
    expect(worker.cluster.server(hub.identity.nodeId)?.status).toBe("offline");
    await lab.run(5_000);
    // Terms are remembered: this one is above that of the last run.
    expect(worker.cluster.view()).toMatchObject({ role: "hub", term: { counter: 2 } });
    hub.start();
    await lab.until("together again", 10_000, () => lab.agree([hub, worker]));
  });

  test("--no-register: it is not announced and not listed, but follows", async () => {
    const lab = new Lab(76);
    const hub = lab.add("hub");
    const quiet = lab.add("quiet", { register: false });
    hub.start();
    await lab.run(3_000);
    quiet.start();
    await lab.run(8_000);
    expect(quiet.cluster.view().hub?.server_id).toBe("hub");
    expect(hub.cluster.servers().map(({ server_id }) => server_id)).toEqual(["hub"]);
    expect(quiet.logged("registered")).toEqual([]);
  });

  test("the timing that a server declares is the one it is judged by", async () => {
    const timing = { ...DEFAULTS.timing, heartbeatMs: 2_000 };
    const lab = new Lab(77);
    const hub = lab.add("hub", { role: "hub" });
    const quick = lab.add("quick", { timing });
    for (const node of lab.nodes) node.start();
    await lab.until("one hub", 5_000, () => lab.agree(lab.nodes));
    quick.kill();
    const tookMs = await lab.until("offline", 10_000, () => {
      return hub.cluster.server("quick")?.status === "offline";
    });
    expect(tookMs).toBeGreaterThan(4_500);
    expect(tookMs).toBeLessThan(8_000);
    expect(nameOf(lab.hubOf([hub]))).toBe("hub");
  });
});
