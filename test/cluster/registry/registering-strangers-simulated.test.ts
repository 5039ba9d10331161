import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { cluster, sendSigned, TANK_WORLD } from "./support.ts";

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
