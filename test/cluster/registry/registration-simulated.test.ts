import { describe, expect, test } from "bun:test";
import { registrationSchema } from "../../../src/cluster/registry/registration-messages.ts";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT } from "../../support/simulated/lab-node.ts";
import { CONTROL, cluster, TANK_WORLD } from "./support.ts";

describe("a node that somebody else names", () => {
  test("is dialled and listed once, under its own name, when it has answered", async () => {
    const lab = new Lab(98);
    lab.multicast = false;
    const [a, b] = [lab.add("a"), lab.add("b")];
    const desk = lab.world.addHost({ name: "desk" });
    for (const node of [a, b]) node.start();
    await lab.run(3_000);
    const { body } = await lab.request(desk, a, "GET", "/api/servers/local");
    const reply = await lab.request(desk, b, "POST", "/api/discovery/register", body);
    expect(reply).toMatchObject({
      status: 200,
      body: { registered: true, status: "confirming", server_id: "a" },
    });
    // Nobody is listed on another one's word.
    expect(b.cluster.server("a")).toBeUndefined();
    await lab.until("one hub", 20_000, () => lab.agree([a, b]));
    for (const node of [a, b]) {
      expect(
        node.cluster
          .servers()
          .map(({ server_id }) => server_id)
          .toSorted(),
      ).toEqual(["a", "b"]);
      expect(node.cluster.server("a")?.signed).toBe(true);
    }
  });

  test("is not listed when nobody answers there", async () => {
    const { lab, send, hub } = await cluster(99);
    const ghost = { ...TANK_WORLD, node_id: "abcdefghijklmnopqrst", host: "10.66.6.6" };
    for (const headers of [{}, CONTROL]) {
      const reply = await send(hub, "POST", "/api/discovery/register", ghost, headers);
      expect(reply).toMatchObject({ status: 200, body: { status: "confirming" } });
      await lab.run(10_000);
      expect(hub.cluster.servers()).toHaveLength(2);
    }
  });
});

describe("an operator", () => {
  test("registers one server's record at another by hand, and the two clusters meet", async () => {
    const lab = new Lab(90);
    lab.multicast = false;
    const [a, b] = [lab.add("a"), lab.add("b")];
    const desk = lab.world.addHost({ name: "desk" });
    for (const node of [a, b]) node.start();
    await lab.run(3_000);
    const local = await lab.request(desk, a, "GET", "/api/servers/local");
    expect(local.body).toMatchObject({
      server_id: "a",
      role: "hub",
      hub: { server_id: "a" },
      tanks: [],
    });
    const reply = await lab.request(
      desk,
      b,
      "POST",
      "/api/discovery/register",
      local.body,
      CONTROL,
    );
    expect(reply).toMatchObject({ status: 200, body: { registered: true } });
    await lab.until("one hub", 20_000, () => lab.agree([a, b]));
    expect(b.cluster.server("a")?.signed).toBe(true);
  });

  test("is believed about the host of a server without a key and may remove anything", async () => {
    const { lab, send, hub } = await cluster(91);
    await send(hub, "POST", "/api/discovery/register", TANK_WORLD, CONTROL);
    expect(hub.cluster.server("local-server")?.host).toBe("192.168.7.7");
    const path = "/api/discovery/unregister/worker";
    expect((await send(hub, "DELETE", path, undefined, CONTROL)).status).toBe(200);
    expect(hub.cluster.server("worker")).toBeUndefined();
    // It is alive, so it comes back by itself.
    await lab.until("back", 2_000, () => hub.cluster.server("worker")?.status === "online");
  });

  test("reads what /discovery shows", async () => {
    const { send, hub, worker } = await cluster(92);
    expect((await send(worker, "GET", "/discovery")).body).toMatchObject({
      node_id: worker.identity.nodeId,
      mode: "proxy",
      role: "worker",
      discovered_servers: {
        hub: { host: hub.host.address, port: PORT, node_id: hub.identity.nodeId, mode: "server" },
      },
    });
    expect((await send(hub, "GET", "/discovery")).body).toMatchObject({ mode: "server" });
  });
});

test("lists are filtered by what servers declare, and show what their operators add", async () => {
  const lab = new Lab(100);
  const resources = { gpu: "A100", memory_gb: 512 };
  const hub = lab.add("hub", { role: "hub", zone: "z1", tags: ["a", "b"], resources });
  const worker = lab.add("worker", { tags: ["a"], metadata: { owner: "class 7b" } });
  const desk = lab.world.addHost({ name: "desk" });
  for (const node of [hub, worker]) node.start();
  await lab.until("one hub", 5_000, () => lab.agree([hub, worker]));
  const ask = (to: LabNode, query: string) =>
    lab.request(desk, to, "GET", `/api/discovery/servers?${query}`);
  for (const node of [hub, worker]) {
    expect((await ask(node, "tag=a")).body).toMatchObject({ count: 2 });
    for (const query of ["tag=a,b", "tag=a&tag=b", "zone=z1", "resource=gpu%3DA100", "role=hub"]) {
      expect((await ask(node, query)).body).toMatchObject({
        count: 1,
        servers: [{ server_id: "hub", resources }],
      });
    }
    expect(await ask(node, "label=a")).toMatchObject({
      status: 400,
      body: { type: "urn:tankd:problem:bad_request" },
    });
    expect(node.cluster.server("worker")).toMatchObject({ metadata: { owner: "class 7b" } });
    expect((await ask(node, "")).body).not.toHaveProperty("strangers");
  }
});

test("a registration keeps no field that it does not know", () => {
  expect(registrationSchema.parse({ ...TANK_WORLD, hub: {}, more: 1 })).not.toHaveProperty("more");
});
