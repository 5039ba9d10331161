import { describe, expect, test } from "bun:test";
import { cluster, TANK_WORLD } from "./support.ts";

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
