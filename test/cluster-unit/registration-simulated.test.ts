import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { signRequest } from "../../src/cluster/identity/signature.ts";
import { registrationSchema } from "../../src/cluster/wire.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { Lab } from "../support/simulated/lab.ts";
import { type LabNode, PORT } from "../support/simulated/lab-node.ts";

const CONTROL = { authorization: "Bearer secret" };

/** A whole record as the Tank World server sends it, as seen from itself. */
const TANK_WORLD = {
  server_id: "local-server",
  hostname: "aquarium",
  host: "192.168.7.7",
  port: 8000,
  status: "online",
  world_count: 2,
  version: "1.0.0",
  uptime_seconds: 12.5,
  cpu_percent: 7.5,
  memory_mb: 180.25,
  is_local: true,
  platform: "Linux",
  architecture: "x86_64",
  hardware_model: null,
  logical_cpus: 8,
  physical_cpus: 4,
};

async function cluster(seed: number) {
  const lab = new Lab(seed);
  const hub = lab.add("hub", { role: "hub" });
  const worker = lab.add("worker");
  const outside = lab.world.addHost({ name: "outside" });
  for (const node of [hub, worker]) node.start();
  await lab.until("one hub", 5_000, () => lab.agree([hub, worker]));
  await lab.run(1_000);
  const send = (
    to: LabNode,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: unknown,
    headers = {},
  ) => lab.request(outside, to, method, path, body, headers);
  return { lab, hub, worker, outside, send };
}

describe("an unmodified Tank World server", () => {
  for (const through of ["hub", "worker"] as const) {
    test(`registers, is listed everywhere, beats and leaves through the ${through}`, async () => {
      const { lab, hub, worker, outside, send } = await cluster(81);
      const door = through === "hub" ? hub : worker;
      const registered = await send(door, "POST", "/api/discovery/register", TANK_WORLD);
      expect(registered).toMatchObject({ status: 200, body: { server_id: "local-server" } });
      await lab.run(1_000);
      for (const node of [hub, worker]) {
        expect(node.cluster.server("local-server")).toMatchObject({
          node_id: null,
          signed: false,
          is_local: false,
          status: "online",
          role: "worker",
          host: outside.address,
          port: 8000,
          tank_count: 2,
          resources: { cpu_cores: 8 },
        });
      }
      const record = { ...TANK_WORLD, world_count: 3, uptime_seconds: 20 };
      const beaten = await send(door, "POST", "/api/discovery/heartbeat/local-server", record);
      expect(beaten).toMatchObject({ status: 200, body: { acknowledged: true } });
      expect(hub.cluster.server("local-server")?.tank_count).toBe(3);
      const listed = await send(worker, "GET", "/api/discovery/servers");
      expect(listed.body).toMatchObject({ count: 3 });
      const left = await send(door, "DELETE", "/api/discovery/unregister/local-server");
      expect(left.status).toBe(200);
      await lab.run(1_000);
      for (const node of [hub, worker]) expect(node.cluster.server("local-server")).toBeUndefined();
    });
  }

  test("is told to register first, as it expects", async () => {
    const { send, hub } = await cluster(82);
    const beaten = await send(hub, "POST", "/api/discovery/heartbeat/local-server", TANK_WORLD);
    expect(beaten).toMatchObject({
      status: 404,
      body: { type: "urn:tankd:problem:unknown_server" },
    });
  });

  test("is degraded after 60 s and offline after 90 s of silence, unless it says otherwise", async () => {
    const { lab, send, hub } = await cluster(83);
    await send(hub, "POST", "/api/discovery/register", TANK_WORLD);
    const quick = { ...TANK_WORLD, server_id: "quick", heartbeat_interval: 2 };
    await send(hub, "POST", "/api/discovery/register", quick);
    const status = (id: string) => hub.cluster.server(id)?.status;
    await lab.run(7_500);
    expect(status("quick")).toBe("offline");
    await lab.run(50_000);
    expect(status("local-server")).toBe("online");
    await lab.run(10_000);
    expect(status("local-server")).toBe("degraded");
    await lab.run(30_000);
    expect(status("local-server")).toBe("offline");
    await send(hub, "POST", "/api/discovery/heartbeat/local-server");
    expect(status("local-server")).toBe("online");
  });
});

describe("the second family of endpoints", () => {
  test("registers with 201 and tells the intervals, beats and leaves", async () => {
    const { send, hub } = await cluster(84);
    const record = { server_id: "s", hostname: "h", host: "10.0.1.5", port: 8000, tank_count: 0 };
    expect(await send(hub, "POST", "/discovery/register", record)).toMatchObject({
      status: 201,
      body: { registered: true, server_id: "s", heartbeat_interval: 10, heartbeat_timeout: 30 },
    });
    const figures = { tank_count: 5, cpu_percent: 45.2, memory_mb: 2048, active_connections: 23 };
    expect(await send(hub, "POST", "/discovery/s/heartbeat", figures)).toMatchObject({
      status: 200,
      body: { acknowledged: true, ttl: 30 },
    });
    expect(hub.cluster.server("s")).toMatchObject(figures);
    expect((await send(hub, "GET", "/discovery/servers")).body).toMatchObject({ count: 3 });
    expect((await send(hub, "DELETE", "/discovery/s")).status).toBe(200);
    expect((await send(hub, "DELETE", "/discovery/s")).status).toBe(404);
  });
});

describe("a stranger", () => {
  test("cannot take a node's name, id or entry", async () => {
    const { lab, send, hub, worker } = await cluster(85);
    const { nodeId } = worker.identity;
    for (const server_id of ["worker", "hub", nodeId]) {
      const stolen = { ...TANK_WORLD, server_id, node_id: nodeId };
      expect(await send(hub, "POST", "/api/discovery/register", stolen)).toMatchObject({
        status: 409,
        body: { type: "urn:tankd:problem:conflict" },
      });
    }
    expect((await send(hub, "DELETE", "/api/discovery/unregister/worker")).status).toBe(403);
    const before = hub.cluster.server("worker");
    const beat = await send(hub, "POST", "/api/discovery/heartbeat/worker", { tank_count: 99 });
    // Or it could keep one on the list that is long gone.
    expect(beat).toMatchObject({ status: 403, body: { type: "urn:tankd:problem:not_trusted" } });
    expect(hub.cluster.server("worker")).toMatchObject({
      tank_count: before?.tank_count ?? -1,
      host: before?.host ?? "",
    });
    await lab.run(1_000);
    expect(lab.agree([hub, worker])).toBe(true);
  });

  test("fills a part of the list only", async () => {
    const { lab, send, hub } = await cluster(88);
    const register = (number: number) =>
      send(hub, "POST", "/api/discovery/register", { server_id: `fake-${number}`, port: 1 });
    for (let number = 0; number < LIMITS.serversPerAddressMax; number++) {
      expect((await register(number)).status).toBe(200);
    }
    expect(await register(-1)).toMatchObject({
      status: 429,
      body: { type: "urn:tankd:problem:too_many" },
    });
    // What it has already may register again.
    expect((await register(0)).status).toBe(200);
    const elsewhere = lab.world.addHost({ name: "elsewhere" });
    const other = { server_id: "other", port: 1 };
    const path = "/api/discovery/register";
    expect((await lab.request(elsewhere, hub, "POST", path, other)).status).toBe(200);
  });

  test("does not get to touch another stranger's entry", async () => {
    const { lab, send, hub } = await cluster(86);
    await send(hub, "POST", "/api/discovery/register", TANK_WORLD);
    const thief = lab.world.addHost({ name: "thief" });
    const steal = (method: "POST" | "DELETE", path: string) =>
      lab.request(thief, hub, method, path, method === "POST" ? TANK_WORLD : undefined);
    expect((await steal("POST", "/api/discovery/register")).status).toBe(409);
    expect((await steal("POST", "/api/discovery/heartbeat/local-server")).status).toBe(404);
    expect((await steal("DELETE", "/api/discovery/unregister/local-server")).status).toBe(404);
  });

  test("with a key of its own cannot register another's record", async () => {
    const { lab, hub, worker } = await cluster(87);
    const mallory = identityFromSeed(new Uint8Array(32).fill(9));
    const host = lab.world.addHost({ name: "mallory" });
    const clock = { wallMs: () => lab.world.startWallMs + lab.world.nowMs, monotonicMs: () => 0 };
    const random = { bytes: (n: number) => new Uint8Array(n).fill(lab.world.nowMs), unit: () => 0 };
    const path = "/api/discovery/register";
    const body = { ...TANK_WORLD, server_id: "worker", node_id: worker.identity.nodeId };
    const authority = `${hub.host.address}:${PORT}`;
    const parts = { method: "POST", authority, path, body: JSON.stringify(body) };
    const signed = signRequest(mallory, parts, clock, random);
    expect(await lab.request(host, hub, "POST", path, body, signed)).toMatchObject({
      status: 401,
      body: { type: "urn:tankd:problem:bad_signature" },
    });
  });

  test("sends what is no registration and is told which field is wrong", async () => {
    const { send, hub } = await cluster(88);
    for (const body of [{}, { server_id: "" }, { ...TANK_WORLD, port: 70_000 }, [], "x"]) {
      const reply = await send(hub, "POST", "/api/discovery/register", body);
      expect(reply).toMatchObject({ status: 400, body: { type: "urn:tankd:problem:bad_request" } });
    }
    expect((await send(hub, "GET", "/api/servers?status=asleep")).status).toBe(400);
    expect((await send(hub, "GET", "/api/servers/nobody")).status).toBe(404);
  });

  test("cannot make nodes pass a request around", async () => {
    const { send, worker } = await cluster(93);
    const body = { ...TANK_WORLD, forwarded_for: "10.0.0.77" };
    const reply = await send(worker, "POST", "/api/discovery/register", body);
    expect(reply).toMatchObject({ status: 503, body: { type: "urn:tankd:problem:not_ready" } });
  });

  test("cannot ping or say hello without a signature", async () => {
    const { send, hub } = await cluster(89);
    const ping = {
      challenge: "c".repeat(24),
      cluster: "tankd",
      boot_id: "b",
      term: { counter: 0, node_id: "x" },
      registry: null,
      lost_hub: null,
      other_hubs: [],
    };
    expect((await send(hub, "POST", "/api/cluster/ping", ping)).status).toBe(401);
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
    expect(reply.status).toBe(200);
    expect(b.cluster.server("a")).toMatchObject({ host: a.host.address });
    await lab.until("one hub", 20_000, () => lab.agree([a, b]));
    expect(b.cluster.server("a")?.signed).toBe(true);
  });

  test("is believed about the host of a server that has no key, and may remove anything", async () => {
    const { lab, send, hub } = await cluster(91);
    await send(hub, "POST", "/api/discovery/register", TANK_WORLD, CONTROL);
    expect(hub.cluster.server("local-server")?.host).toBe("192.168.7.7");
    const path = "/api/discovery/unregister/worker";
    expect((await send(hub, "DELETE", path, undefined, CONTROL)).status).toBe(200);
    expect(hub.cluster.server("worker")).toBeUndefined();
    // It is alive, so it comes back by itself.
    await lab.until("back", 2_000, () => hub.cluster.server("worker")?.status === "online");
  });

  test("reads what the hybrid discovery document shows", async () => {
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

test("a registration keeps no field that it does not know", () => {
  expect(registrationSchema.parse({ ...TANK_WORLD, hub: {}, more: 1 })).not.toHaveProperty("more");
});
