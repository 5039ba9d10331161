import { describe, expect, test } from "bun:test";
import { Problem } from "../../src/platform/errors.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { NetworkError } from "../../src/platform/network.ts";
import { readinessSchema } from "../support/api.ts";
import { clientOf } from "./client.ts";
import { FakeNode, fakeTank, NODE_ID } from "./fakes.ts";

describe("health", () => {
  test.each(["/health", "/api/health"])("%s tells who is there", async (path) => {
    const { ask } = clientOf();
    const { status, body } = await ask(path);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "healthy",
      node_id: "node-a",
      server_id: "node-a-label",
      mode: "server",
      timestamp: "2026-01-02T03:04:05.000Z",
    });
  });

  test("a recovering worker says so", async () => {
    const { ask, node } = clientOf();
    node.phase = "recovering";
    node.role = "worker";
    expect((await ask("/health")).body).toMatchObject({ status: "recovering", mode: "proxy" });
  });

  test("/ready holds only when phase, storage and role are right", async () => {
    const { ask, node } = clientOf();
    expect((await ask("/ready")).body).toEqual({ ready: true });
    expect((await ask("/ready?verbose")).body.checks).toHaveLength(8);
    node.storageFault = "disk full";
    const { status, body, headers } = await ask("/ready?verbose");
    expect(status).toBe(503);
    expect(body).toMatchObject({
      type: "urn:tankd:problem:not_ready",
      detail: "storage: disk full",
    });
    expect(body.checks).toContainEqual({
      name: "storage",
      ok: false,
      needed: true,
      detail: "disk full",
    });
    expect(headers.get("retry-after")).toBe("1");
    node.storageFault = undefined;
    node.role = "discovering";
    expect((await ask("/ready")).status).toBe(503);
    node.role = "hub";
    node.phase = "stopping";
    expect((await ask("/ready")).status).toBe(503);
  });

  test("/ready does not hold for a copied directory, and says why", async () => {
    const { ask, node } = clientOf();
    node.fenced = new Problem("directory_copied", "This node runs twice.");
    const { status, body } = await ask("/ready?verbose");
    expect(status).toBe(503);
    expect(body.detail).toBe("directory: This node runs twice.");
    const check = {
      name: "directory",
      ok: false,
      needed: true,
      detail: "This node runs twice.",
    };
    expect(body.checks).toContainEqual(check);
  });

  test("/ready?verbose tells of the lease, without which a hub takes no changes", async () => {
    const { ask, node } = clientOf();
    const lease = async () => {
      const { status, body } = await ask("/ready?verbose");
      const found = readinessSchema.parse(body).checks.find(({ name }) => name === "lease");
      return [status, found?.ok, found?.detail];
    };
    expect((await lease())[1]).toBeUndefined();
    const held = {
      url: "etcd://10.0.0.7:2379",
      state: "held",
      holder: "node-a",
      isValid: true,
      reason: undefined,
      abstention: undefined,
      stranger: undefined,
    } as const;
    node.lease = held;
    expect(await lease()).toEqual([200, true, "this node holds the lease"]);
    node.lease = { ...held, isValid: false };
    expect(await lease()).toEqual([200, false, "reads only: the lease may have run out"]);
    node.lease = { ...held, isValid: false, state: "unknown", reason: "10.0.0.7 is silent" };
    const unknown = "who holds the lease is not known, tankd status says why";
    expect(await lease()).toEqual([200, false, `reads only: ${unknown}`]);
    node.role = "worker";
    node.lease = { ...held, isValid: false, state: "taken", holder: "node-b" };
    expect(await lease()).toEqual([200, true, "another node holds the lease"]);
    node.role = "discovering";
    node.lease = { ...held, isValid: false, state: "unknown", reason: "10.0.0.7 is silent" };
    const { status, body } = await ask("/ready");
    expect([status, body.detail]).toEqual([503, `role: discovering: ${unknown}`]);
  });

  test("/ready?verbose names stopped tanks, which do not make the node unready", async () => {
    const { ask, node } = clientOf();
    const reef = node.hosted.get("tank-1");
    if (!reef) throw new Error("the fake has this tank");
    node.hosted.set("tank-1", { ...reef, status: "stopped", reason: "its log is damaged" });
    const { status, body } = await ask("/ready?verbose");
    const detail = "1 of 2 stopped: Reef (tank-1): its log is damaged";
    expect(status).toBe(200);
    expect(body.checks).toContainEqual({ name: "tanks", ok: true, needed: false, detail });
  });

  test("/ready?verbose shows discovery, hub and peers, which do not make it unready", async () => {
    const { ask, node } = clientOf();
    const told = async () => {
      const { status, body } = await ask("/ready?verbose");
      const { checks } = readinessSchema.parse(body);
      const words = ["discovery", "hub", "peers"].map((name) => {
        const { ok, detail } = checks.find((check) => check.name === name) ?? {};
        return `${ok} ${detail}`;
      });
      return [status, ...words];
    };
    expect(await told()).toEqual([
      200,
      "true no backend in use",
      "true is this node",
      "true 1 online, 0 degraded, 0 offline",
    ]);
    const mdns = { name: "mdns", state: "running", detail: "on 10.0.0.1", nominations: 1 } as const;
    const consul = { ...mdns, name: "consul", state: "failed" } as const;
    node.backends = [mdns, consul];
    node.alone = { seconds: 25, causes: [] };
    node.role = "worker";
    node.neighbour = "offline";
    // No names and no addresses: the route answers under any Host.
    expect(await told()).toEqual([
      200,
      "false mdns running, consul failed",
      "true online",
      "false 0 online, 0 degraded, 1 offline; none for 25 s, tankd status tells the cause",
    ]);
  });

  test("/api/recovery tells what the start brought back", async () => {
    const { ask, node } = clientOf();
    const [reef, pond] = [...node.hosted.values()].map(({ row }) => row);
    if (!reef || !pond) throw new Error("the fake has these tanks");
    const durationMs = 1.4;
    const back = { replayedCommands: 2, replayedTicks: 30, seq: 9, tick: 99, digest: "d" };
    node.recovery = {
      total: 3,
      tanks: [
        { ...back, status: "recovered", row: reef, durationMs, warnings: ["rot"], snapshotSeq: 7 },
        { row: pond, durationMs, warnings: [], status: "stopped", reason: "no log" },
      ],
      durationMs,
    };
    expect((await ask("/api/recovery")).body).toEqual({
      tanks: 3,
      recovered: 1,
      from_snapshots: 1,
      replayed_commands: 2,
      replayed_ticks: 30,
      duration_ms: 1,
      made: 0,
      damaged: [{ tank_id: "tank-1", name: "Reef", warnings: ["rot"] }],
      stopped: [{ tank_id: "tank-2", name: "Pond", reason: "no log" }],
    });
  });

  test("/metrics is Prometheus text", async () => {
    const { ask } = clientOf();
    const { headers, text } = await ask("/metrics");
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text).toBe("tankd_tanks 2\n");
  });
});

describe("tanks", () => {
  test("the list has the contract's shape", async () => {
    const { ask } = clientOf();
    const { status, body } = await ask("/api/tanks");
    expect(status).toBe(200);
    expect(body.count).toBe(2);
    expect(body.tanks[0].tank).toEqual({
      tank_id: "tank-1",
      name: "Reef",
      description: "",
      server_id: "node-a-label",
      created_at: "2026-01-02T03:04:05.000Z",
      epoch: 1,
      tick: 1200,
      seq: 7,
      durable_seq: 6,
      status: "running",
    });
    expect(body.tanks[0]).toMatchObject({
      fish_count: 2,
      seed: 42,
      tick_rate: 30,
      ticks_per_second: 29.9,
      tick_lag: 0,
      skipped_ticks: 0,
      fast_forward_to: null,
      stopped_reason: null,
      births: { sexual: 1, asexual: 0, banked: 0, poker: 0 },
      deaths: { starvation: 1, predation: 0, old_age: 0 },
      poker_games: { fish: 5, plants: 2 },
      plant_count: 1,
    });
    expect(body.tanks[0].ledger.died.starvation).toBe(1);
  });

  test("a stopped tank shows the reason, a fast-forward its end", async () => {
    const { ask, node } = clientOf();
    const reason = "its log has lost entries 5 to 9";
    node.hosted.set("tank-1", { ...fakeTank("tank-1"), status: "stopped", reason });
    node.hosted.set("tank-2", { ...fakeTank("tank-2"), fastForwardTo: 5000, skippedTicks: 12 });
    const [stopped, forwarded] = (await ask("/api/tanks")).body.tanks;
    expect(stopped).toMatchObject({ tank: { status: "stopped" }, stopped_reason: reason });
    expect(forwarded).toMatchObject({ fast_forward_to: 5000, skipped_ticks: 12 });
  });

  test("one tank, and where it lives", async () => {
    const { ask } = clientOf();
    expect((await ask("/api/tanks/tank-2")).body.tank.name).toBe("Pond");
    expect((await ask("/api/tanks/tank-2/server")).body.server_id).toBe("node-a-label");
    expect((await ask("/api/tanks/far-tank/server")).body.host).toBe("10.0.0.2");
  });

  test("an unknown tank is a 404; one that lives elsewhere names its server", async () => {
    const { ask } = clientOf();
    for (const path of ["/api/tanks/none", "/api/tanks/none/server", "/api/tanks/none/fish"]) {
      const { status, body } = await ask(path);
      expect([status, body.type]).toEqual([404, "urn:tankd:problem:unknown_tank"]);
    }
    const { status, body } = await ask("/api/tanks/far-tank");
    expect(status).toBe(404);
    expect(body.detail).toContain("node-b-label");
    expect(body.detail).toContain("http://10.0.0.2:8000");
  });

  test("creating answers 201 with a place", async () => {
    const { ask, node } = clientOf();
    const { status, body, headers } = await ask("/api/tanks", {
      method: "POST",
      token: true,
      json: { name: " Lagoon ", seed: 7, server_id: "node-a-label" },
    });
    expect(status).toBe(201);
    expect(headers.get("location")).toBe("/api/tanks/tank-3");
    expect(headers.get("server-timing")).toBe("create;dur=0.00");
    expect(body.tank.name).toBe("Lagoon");
    expect(body).toMatchObject({ seed: 7, founders: 50 });
    expect(node.created).toEqual(["Lagoon"]);
  });

  test("creating for another server is refused and names the fix", async () => {
    const { ask, node } = clientOf();
    const post = (server_id: string) =>
      ask("/api/tanks", { method: "POST", token: true, json: { name: "x", server_id } });
    const refused = await post("node-b-label");
    expect([refused.status, refused.body.type]).toEqual([403, "urn:tankd:problem:not_trusted"]);
    expect(refused.body.detail).toContain("http://10.0.0.2:8000");
    expect((await post("nobody")).body.type).toBe("urn:tankd:problem:unknown_server");
    expect(node.created).toEqual([]);
  });

  test.each([
    [{}, "name"],
    [{ name: "" }, "name"],
    [{ name: "x".repeat(65) }, "name"],
    [{ name: "a\r\nb" }, "name"],
    [{ name: "\u001b[2J" }, "name"],
    [{ name: "\u202egnp.fish" }, "name"],
    [{ name: "\ud800" }, "name"],
    [{ name: "x", description: "\u0000" }, "description"],
    [{ name: "x", fish: -1 }, "fish"],
    [{ name: "x", fish: 1.5 }, "fish"],
    [{ name: "x", fish: 1e9 }, "fish"],
    [{ name: "x", fish: null }, "fish"],
    [{ name: "x", seed: 2 ** 60 }, "seed"],
    [{ name: "x", colour: "red" }, "colour"],
    [[], "body"],
    ["x", "body"],
  ])("a wrong body %j is a 422 that names %s", async (json, field) => {
    const { ask, node } = clientOf();
    const { status, body } = await ask("/api/tanks", { method: "POST", token: true, json });
    expect([status, body.type]).toEqual([422, "urn:tankd:problem:invalid"]);
    expect(body.errors[0].field).toBe(field);
    expect(body.detail).toContain(field);
    expect(node.created).toEqual([]);
  });

  test("removing waits for escrows and tells the viewers", async () => {
    const removed: string[] = [];
    const { ask, node } = clientOf(undefined, (tankId) => removed.push(tankId));
    const remove = () => ask("/api/tanks/tank-1", { method: "DELETE", token: true });
    node.openEscrow.add("tank-1");
    const refused = await remove();
    expect([refused.status, refused.body.type]).toEqual([409, "urn:tankd:problem:escrow_open"]);
    expect(node.hosted.has("tank-1")).toBe(true);
    node.openEscrow.clear();
    expect((await remove()).body).toEqual({ tank_id: "tank-1", removed: true });
    expect(removed).toEqual(["tank-1"]);
    expect((await remove()).status).toBe(404);
  });

  test("fish: list with paging, one, none", async () => {
    const { ask } = clientOf();
    const all = await ask("/api/tanks/tank-1/fish");
    expect(all.body).toMatchObject({ count: 2, total: 2 });
    const second = await ask("/api/tanks/tank-1/fish?limit=1&offset=1");
    expect(second.body).toMatchObject({ count: 1, total: 2 });
    expect(second.body.fish[0].fish_id).toBe("tank-1-fish-2");
    expect((await ask("/api/tanks/tank-1/fish/tank-1-fish-1")).body).toMatchObject({
      generation: 3,
      origin: "sexual",
      behaviour: { threat: "freeze", food: "ambush", social: "solo", poker: "avoid" },
      poker: { games: 7, wins: 3, net_energy: -1.5 },
      memories: 4,
    });
    const none = await ask("/api/tanks/tank-1/fish/nobody");
    expect([none.status, none.body.type]).toEqual([404, "urn:tankd:problem:unknown_fish"]);
    expect((await ask("/api/tanks/tank-1/fish?limit=0")).status).toBe(400);
    expect((await ask("/api/tanks/tank-1/fish?limit=abc")).body.errors[0].field).toBe("limit");
  });
});

describe("connections", () => {
  test("are listed, made and cut", async () => {
    const { ask } = clientOf();
    const listed = (await ask("/api/connections")).body;
    expect(listed.count).toBe(1);
    expect(listed.connections[0]).toMatchObject({
      connection_id: "c-1",
      origin: "auto",
      created_at: "2026-01-02T03:04:05.000Z",
    });
    const made = await ask("/api/connections", {
      method: "POST",
      token: true,
      json: {
        source_tank_id: "tank-1",
        destination_tank_id: "far-tank",
        source_server_id: "node-a-label",
        destination_server_id: "node-b-label",
        probability: 50,
        direction: "right",
      },
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ connection_id: "c-2", probability: 50, direction: "right" });
    const cut = (id: string) => ask(`/api/connections/${id}`, { method: "DELETE", token: true });
    expect((await cut("c-1")).body).toEqual({ connection_id: "c-1", removed: true });
    expect((await cut("c-9")).body.type).toBe("urn:tankd:problem:unknown_connection");
  });

  test.each([
    [{ source_tank_id: "tank-1" }, "destination_tank_id"],
    [{ source_tank_id: "a", destination_tank_id: "b", probability: 101 }, "probability"],
    [{ source_tank_id: "a", destination_tank_id: "b", direction: "up" }, "direction"],
    [{ source_tank_id: "a", destination_tank_id: "b", rate: 1 }, "rate"],
  ])("a wrong body %j names %s", async (json, field) => {
    const { ask } = clientOf();
    const { status, body } = await ask("/api/connections", { method: "POST", token: true, json });
    expect([status, body.errors[0].field]).toEqual([422, field]);
  });

  test("one from another server's tank is refused", async () => {
    const { ask } = clientOf();
    const json = {
      source_tank_id: "far-tank",
      source_server_id: "node-b-label",
      destination_tank_id: "tank-1",
    };
    const { status, body } = await ask("/api/connections", { method: "POST", token: true, json });
    expect([status, body.type]).toEqual([403, "urn:tankd:problem:not_trusted"]);
  });
});

describe("transfers", () => {
  test("are listed by state and limit, and shown with their events", async () => {
    const { ask } = clientOf();
    expect((await ask("/api/transfers?limit=5&state=delivered")).body.count).toBe(1);
    expect((await ask("/api/transfers?state=refused")).body).toEqual({ transfers: [], count: 0 });
    const id = "ab".repeat(16);
    expect((await ask(`/api/transfers/${id}`)).body.events[0].event).toBe("committed");
    expect((await ask("/api/transfers/none")).body.type).toBe("urn:tankd:problem:unknown_transfer");
    for (const query of ["limit=0", "limit=1001", "limit=x", "state=lost"]) {
      expect((await ask(`/api/transfers?${query}`)).status).toBe(400);
    }
  });
});

describe("gateway", () => {
  test("knows the tanks of every server and where to watch them", async () => {
    const { ask } = clientOf();
    const { tanks, count } = (await ask("/gateway/tanks")).body;
    expect(count).toBe(3);
    expect(tanks[2]).toMatchObject({
      tank: { tank_id: "far-tank", name: "Far", epoch: 1, server_id: "node-b-label" },
      server: { host: "10.0.0.2", port: 8000 },
      websocket_url: "ws://10.0.0.2:8000/ws/far-tank",
    });
    expect((await ask("/gateway/tanks/far-tank")).body.server.server_id).toBe("node-b-label");
    expect((await ask("/gateway/tanks/none")).status).toBe(404);
  });

  test("asks another node for one address only so often, and this node at will", async () => {
    const node = new FakeNode();
    let asked = 0;
    node.read = async () => ({ status: 200, body: { asked: ++asked } });
    const { ask } = clientOf(node);
    const far = (remoteAddress: string) => ask("/gateway/api/tanks/far-tank", { remoteAddress });
    for (let n = 0; n < LIMITS.relayedReadsBurstPerSource; n++) await far("10.0.0.9");
    const refused = await far("10.0.0.9");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(asked).toBe(LIMITS.relayedReadsBurstPerSource);
    const near = { remoteAddress: "10.0.0.9" };
    expect((await ask("/gateway/api/tanks/tank-1", near)).status).toBe(200);
    expect((await far("10.0.0.8")).status).toBe(200);
    node.nowMs += 1_000;
    expect((await far("10.0.0.9")).status).toBe(200);
  });

  test("waits for another node only so often at a time", async () => {
    const node = new FakeNode();
    const answers: (() => void)[] = [];
    node.read = () =>
      new Promise((resolve) => void answers.push(() => resolve({ status: 200, body: {} })));
    const { ask } = clientOf(node);
    const far = async (remoteAddress: string) =>
      (await ask("/gateway/api/tanks/far-tank", { remoteAddress })).status;
    const waiting = Array.from({ length: LIMITS.relayedRequestsPerSourceAndNodeMax }, () =>
      far("10.0.0.9"),
    );
    expect(await far("10.0.0.9")).toBe(429);
    waiting.push(far("10.0.0.8"));
    while (answers.length < waiting.length) await Bun.sleep(1);
    for (const answer of answers) answer();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([200]));
  });

  test("says when to ask again: what the host says, or for want of room", async () => {
    const node = new FakeNode();
    const { ask } = clientOf(node);
    const far = async () => {
      const { status, headers } = await ask("/gateway/api/tanks/far-tank");
      return [status, headers.get("retry-after"), headers.get("tankd-relay")];
    };
    node.read = async () => ({ status: 429, body: {}, headers: { "retry-after": "7" } });
    expect(await far()).toEqual([429, "7", NODE_ID]);
    node.read = async () => {
      throw new NetworkError("busy", "too many requests wait in the tunnel");
    };
    expect(await far()).toEqual([429, "1", null]);
  });
});

describe("watching without a WebSocket", () => {
  test("is refused; for a tank elsewhere before anybody there is asked", async () => {
    const { ask } = clientOf();
    const plain = await ask("/ws/tank-1");
    expect([plain.status, plain.headers.get("upgrade")]).toEqual([400, "websocket"]);
    expect((await ask("/ws/none", { upgrade: () => true })).status).toBe(404);
    expect((await ask("/ws/far-tank")).status).toBe(400);
    const headers = { upgrade: "websocket" };
    const far = await ask("/ws/far-tank", { upgrade: () => true, headers });
    expect(far.status).toBe(502);
  });
});

describe("the page", () => {
  test("revalidates itself and keeps its hashed files for ever", async () => {
    const { ask } = clientOf();
    const page = await ask("/");
    expect(page.headers.get("content-type")).toBe("text/html;charset=utf-8");
    expect(page.headers.get("cache-control")).toBe("no-cache");
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
    const etag = page.headers.get("etag") ?? "";
    const again = await ask("/", { headers: { "if-none-match": `W/${etag}` } });
    expect([again.status, again.text]).toEqual([304, ""]);
    const script = await ask("/chunk-abc.js");
    expect(script.headers.get("cache-control")).toContain("immutable");
    expect((await ask("/chunk-other.js")).status).toBe(404);
  });
});
