import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { registrationSchema } from "../../../src/cluster/registry/registration-messages.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT } from "../../support/simulated/lab-node.ts";
import { CONTROL, cluster, sendSigned, TANK_WORLD } from "./support.ts";

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

  for (const [door, path] of [
    ["hub", "/api/discovery/heartbeat/local-server"],
    ["worker", "/api/discovery/heartbeat/local-server"],
    ["hub", "/discovery/local-server/heartbeat"],
  ] as const) {
    test(`is listed by a heartbeat with its whole record: ${path} at the ${door}`, async () => {
      const { send, hub, worker, outside } = await cluster(82);
      const to = door === "hub" ? hub : worker;
      expect(await send(to, "POST", path, { cpu_percent: 5 })).toMatchObject({
        status: 404,
        body: { type: "urn:tankd:problem:unknown_server" },
      });
      expect((await send(to, "POST", path)).status).toBe(404);
      const beaten = await send(to, "POST", path, TANK_WORLD);
      expect(beaten).toMatchObject({ status: 200, body: { acknowledged: true } });
      expect(hub.cluster.server("local-server")).toMatchObject({
        host: outside.address,
        tank_count: 2,
        world_count: 2,
        signed: false,
        member: false,
        status: "online",
      });
    });
  }

  test("is listed again after a restart of the hub, and nobody else can replace it", async () => {
    const { lab, hub, send } = await cluster(94);
    const path = "/api/discovery/heartbeat/local-server";
    await send(hub, "POST", "/api/discovery/register", TANK_WORLD);
    await lab.run(1_000);
    hub.kill();
    await lab.run(500);
    hub.start();
    await lab.run(100);
    expect(hub.cluster.server("local-server")?.status).toBe("offline");
    const thief = lab.world.addHost({ name: "thief" });
    for (const stolen of ["/api/discovery/register", path]) {
      const reply = await lab.request(thief, hub, "POST", stolen, TANK_WORLD);
      expect([409, 503]).toContain(reply.status);
    }
    await lab.until("a hub again", 20_000, () => hub.cluster.view().hub !== undefined);
    const door = lab.hubOf(lab.nodes);
    const beaten = await send(door, "POST", path, { ...TANK_WORLD, world_count: 4 });
    expect(beaten.status).toBe(200);
    expect(door.cluster.server("local-server")).toMatchObject({ status: "online", tank_count: 4 });
  });

  test("keeps its row and its owner through a takeover, by any node", async () => {
    const { lab, hub, worker, outside, send } = await cluster(95);
    const other = lab.add("other");
    other.start();
    await lab.until("three", 10_000, () => lab.agree(lab.nodes));
    await send(hub, "POST", "/api/discovery/register", { ...TANK_WORLD, heartbeat_interval: 2 });
    await lab.run(2_000);
    hub.kill();
    await lab.until("a successor", 20_000, () => lab.agree([worker, other]));
    const successor = lab.hubOf([worker, other]);
    const follower = successor === worker ? other : worker;
    await lab.until("forwarders confirmed", 5_000, () => lab.agree([worker, other]));
    const path = "/api/discovery/heartbeat/local-server";
    const thief = lab.world.addHost({ name: "thief" });
    const stolen = { ...TANK_WORLD, port: 6666 };
    for (const door of [successor, follower]) {
      expect((await lab.request(thief, door, "POST", path, stolen)).status).toBe(409);
      const beaten = await send(door, "POST", path, { ...TANK_WORLD, world_count: 5 });
      expect(beaten).toMatchObject({ status: 200, body: { ttl: 6 } });
    }
    expect(successor.cluster.server("local-server")).toMatchObject({
      status: "online",
      host: outside.address,
      port: 8000,
      tank_count: 5,
    });
    const rows = successor.cluster.servers().filter(({ signed }) => !signed);
    expect(rows).toHaveLength(1);
  });

  test("is degraded after 60 s and offline after 90 s of silence by default", async () => {
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
    const listed = hub.cluster.servers();
    for (const server_id of ["worker", "hub", nodeId]) {
      // It names a node, which is there; that changes nothing.
      const named = { ...TANK_WORLD, server_id, node_id: nodeId, tank_count: 77 };
      expect(await send(hub, "POST", "/api/discovery/register", named)).toMatchObject({
        status: 200,
        body: { status: "registered", server_id: "worker" },
      });
      if (server_id === nodeId) continue;
      const stolen = { ...TANK_WORLD, server_id };
      const paths = ["/api/discovery/register", `/api/discovery/heartbeat/${server_id}`];
      for (const path of paths) {
        expect(await send(hub, "POST", path, stolen)).toMatchObject({
          status: 409,
          body: { type: "urn:tankd:problem:conflict" },
        });
      }
    }
    const names = (servers: typeof listed) =>
      servers.map(({ server_id, host, port, tank_count }) => [server_id, host, port, tank_count]);
    expect(names(hub.cluster.servers())).toEqual(names(listed));
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
    expect((await steal("POST", "/api/discovery/heartbeat/local-server")).status).toBe(409);
    expect((await steal("DELETE", "/api/discovery/unregister/local-server")).status).toBe(404);
  });

  test("with a key of its own cannot register another's record", async () => {
    const { lab, hub, worker } = await cluster(87);
    const mallory = identityFromSeed(new Uint8Array(32).fill(9));
    const host = lab.world.addHost({ name: "mallory" });
    const body = { ...TANK_WORLD, server_id: "worker", node_id: worker.identity.nodeId };
    const path = "/api/discovery/register";
    const reply = await sendSigned(lab, host, mallory, hub, "POST", path, body);
    expect(reply).toMatchObject({
      status: 403,
      body: { type: "urn:tankd:problem:not_trusted" },
    });
  });

  test("cannot declare an interval that would keep it listed for hours", async () => {
    const { send, hub } = await cluster(96);
    const register = (heartbeat_interval: number) =>
      send(hub, "POST", "/api/discovery/register", { ...TANK_WORLD, heartbeat_interval });
    for (const seconds of [3_601, 315_360_000]) {
      expect(await register(seconds)).toMatchObject({
        status: 422,
        body: { type: "urn:tankd:problem:invalid" },
      });
    }
    expect((await register(3_600)).status).toBe(200);
  });

  test("with fresh keys without end fills its share of the list only", async () => {
    const { lab, hub } = await cluster(97);
    const mallory = lab.world.addHost({ name: "mallory" });
    const path = "/api/discovery/register";
    const register = (host: typeof mallory, number: number) => {
      const seed = new Uint8Array(32);
      new DataView(seed.buffer).setUint32(0, number + 1);
      const body = { ...TANK_WORLD, server_id: `fake-${number}`, host: "10.77.0.1" };
      return sendSigned(lab, host, identityFromSeed(seed), hub, "POST", path, body);
    };
    const statuses = new Map<number, number>();
    for (let number = 0; number < 1_400; number++) {
      const { status } = await register(mallory, number);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    const share = LIMITS.serversPerAddressMax;
    expect([...statuses]).toEqual([
      [200, share],
      [429, 1_400 - share],
    ]);
    const newcomer = lab.world.addHost({ name: "newcomer" });
    expect((await register(newcomer, 9_999)).status).toBe(200);
    expect(hub.cluster.server("fake-9999")?.status).toBe("online");
  }, 60_000);

  test("sends what is no registration and is told which field is wrong", async () => {
    const { send, hub } = await cluster(88);
    for (const body of [{}, { server_id: "" }, { ...TANK_WORLD, port: 70_000 }, [], "x"]) {
      const reply = await send(hub, "POST", "/api/discovery/register", body);
      expect(reply).toMatchObject({ status: 400, body: { type: "urn:tankd:problem:bad_request" } });
    }
    expect((await send(hub, "GET", "/api/servers?status=asleep")).status).toBe(400);
    expect((await send(hub, "GET", "/api/servers/nobody")).status).toBe(404);
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
