import { describe, expect, test } from "bun:test";
import { clientOf } from "./client.ts";
import { fakeTank } from "./fake-records.ts";
import { FakeNode } from "./fakes.ts";

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
    expect(made.body.previous).toMatchObject({ connection_id: "c-1", origin: "auto" });
    const cut = (id: string) => ask(`/api/connections/${id}`, { method: "DELETE", token: true });
    expect((await cut("c-1")).body).toEqual({ connection_id: "c-1", removed: true });
    expect((await cut("c-9")).body.type).toBe("urn:tankd:problem:unknown_connection");
  });

  test("are like the automatic one where nothing else is asked for", async () => {
    const { ask } = clientOf();
    const json = { source_tank_id: "tank-1", destination_tank_id: "tank-2" };
    const { body } = await ask("/api/connections", { method: "POST", token: true, json });
    expect(body).toMatchObject({ probability: 25, direction: "both", previous: null });
  });

  test.each([
    [{ source_tank_id: "tank-1" }, "destination_tank_id"],
    [{ source_tank_id: "a", destination_tank_id: "b", probability: 101 }, "probability"],
    [{ source_tank_id: "a", destination_tank_id: "b", direction: "up" }, "direction"],
    [{ source_tank_id: "a", destination_tank_id: "b", speed: 1 }, "speed"],
    [{ source_tank_id: "a", destination_tank_id: "b", rate: 0 }, "rate"],
    [{ source_tank_id: "a", destination_tank_id: "b", count: 101 }, "count"],
    [{ source_tank_id: "a", destination_tank_id: "b", status: "stopped" }, "status"],
    [{ source_tank_id: "a", destination_tank_id: "b", strategy: "nearest" }, "strategy"],
    [
      { source_tank_id: "a", destination_tank_id: "b", destinations: [{ tank_id: "c" }] },
      "destination_tank_id",
    ],
    [
      { source_tank_id: "a", destinations: [{ tank_id: "c" }], destination_server_id: "d" },
      "destination_server_id",
    ],
  ])("a wrong body %j names %s", async (json, field) => {
    const { ask } = clientOf();
    const { status, body } = await ask("/api/connections", { method: "POST", token: true, json });
    expect([status, body.errors[0].field]).toEqual([422, field]);
  });

  test("are changed in part, with the token", async () => {
    const { ask } = clientOf();
    const change = (id: string, json: object, token = true) =>
      ask(`/api/connections/${id}`, { method: "PATCH", token, json });
    const changed = await change("c-1", { status: "paused", selection: "oldest" });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({
      connection_id: "c-1",
      probability: 25,
      status: "paused",
      selection: "oldest",
      destinations: [{ tank_id: "far-tank", last_delivered_at: "2026-01-02T03:04:05.000Z" }],
    });
    expect((await change("c-9", {})).body.type).toBe("urn:tankd:problem:unknown_connection");
    expect((await change("c-1", { origin: "auto" })).body.errors[0].field).toBe("origin");
    expect((await change("c-1", {}, false)).status).toBe(401);
  });

  test("of a topology are made and cut on all nodes under a common secret", async () => {
    const node = Object.assign(new FakeNode(), { mayOrder: true });
    const { ask } = clientOf(node);
    const connections = (await ask("/api/connections")).body.connections;
    node.obey = async () => ({ status: 201, body: { connections } });
    const tanks = [{ tank_id: "tank-1" }, { tank_id: "far-tank", server_id: "node-b-label" }];
    const json = { topology: "ring", tanks };
    const make = () => ask("/api/topologies", { method: "POST", token: true, json });
    expect((await make()).body).toMatchObject({
      connections: [{ topology: "ring" }, ...connections],
      elsewhere: [],
    });
    expect(node.ordered).toMatchObject([
      { nodeId: "node-b", order: { method: "POST", path: "/api/topologies", body: json } },
    ]);
    node.obey = async () => ({ status: 422, body: { detail: "no such tank" } });
    expect((await make()).body.elsewhere).toMatchObject([
      { server_id: "node-b-label", reason: "no such tank" },
    ]);
    const cut = (name: string) => ask(`/api/topologies/${name}`, { method: "DELETE", token: true });
    expect((await cut("ring")).body).toMatchObject({
      removed: 1,
      elsewhere: [{ server_id: "node-b-label", reason: "no such tank" }],
    });
    node.obey = async () => ({ status: 200, body: { connections } });
    expect((await cut("star")).body).toMatchObject({ removed: connections.length, elsewhere: [] });
  });

  test("are made and cut by topology", async () => {
    const { ask } = clientOf();
    const tanks = [{ tank_id: "tank-1" }, { tank_id: "far-tank", server_id: "node-b-label" }];
    const json = { topology: "ring", tanks, probability: 10 };
    const made = await ask("/api/topologies", { method: "POST", token: true, json });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      name: "ring",
      topology: "ring",
      connections: [{ topology: "ring" }],
      elsewhere: [{ tank_id: "far-tank", server_id: "node-b-label" }],
    });
    const cut = (name: string) => ask(`/api/topologies/${name}`, { method: "DELETE", token: true });
    expect((await cut("ring")).body).toMatchObject({ name: "ring", removed: 1 });
    expect((await cut("star")).body.type).toBe("urn:tankd:problem:unknown_connection");
    for (const [wrong, field] of [
      [{ topology: "grid" }, "topology"],
      [{ tanks: [] }, "tanks"],
      [{ name: "a\nb" }, "name"],
    ] as const) {
      const refused = await ask("/api/topologies", {
        method: "POST",
        token: true,
        json: { ...json, ...wrong },
      });
      expect([refused.status, refused.body.errors[0].field]).toEqual([422, field]);
    }
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
  test("that are open keep their id from strangers: its two ends know it", async () => {
    const { ask } = clientOf();
    const idsFor = async (options: { readonly token?: true }) => {
      const { body } = await ask("/api/transfers", options);
      return body.transfers.map((one: { transfer_id: unknown }) => one.transfer_id);
    };
    const settled = "ab".repeat(16);
    expect(await idsFor({})).toEqual([settled, null]);
    expect(await idsFor({ token: true })).toEqual([settled, "cd".repeat(16)]);
  });

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
