import { describe, expect, test } from "bun:test";
import { z } from "zod";
import type { PeerRoute } from "../../src/cluster/peer-route.ts";
import { Problem } from "../../src/platform/errors.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { clientOf } from "./client.ts";
import { FakeNode } from "./fakes.ts";

const address = "192.168.1.7";

function changesOf(node: FakeNode) {
  return node.noted.filter(({ event }) => event === "change accepted").map(({ fields }) => fields);
}

function route(method: PeerRoute["method"], path: string, handle?: PeerRoute["handle"]): PeerRoute {
  const done = async () => ({ status: 200, body: {} });
  return { method, path, summary: path, response: z.object({}), handle: handle ?? done };
}

describe("who has changed what", () => {
  test.each([
    ["POST", "/api/tanks", { name: "Bay" }, "createTank", { tank: "tank-3" }],
    ["DELETE", "/api/tanks/tank-1", undefined, "removeTank", { tank: "tank-1" }],
    ["POST", "/api/tanks/tank-1/feed", { portions: 1 }, "feedTank", { tank: "tank-1" }],
    ["POST", "/api/tanks/tank-1/spawn", { fish: 1 }, "spawnFish", { tank: "tank-1" }],
    ["POST", "/api/tanks/tank-1/pause", {}, "pauseTank", { tank: "tank-1" }],
    ["POST", "/api/tanks/tank-1/speed", { tick_rate: 9 }, "setTankSpeed", { tank: "tank-1" }],
    [
      "POST",
      "/api/connections",
      { source_tank_id: "tank-1", destination_tank_id: "far-tank" },
      "createConnection",
      { tank: "tank-1", to_tank: "far-tank" },
    ],
    ["DELETE", "/api/connections/c-1", undefined, "removeConnection", {}],
    [
      "POST",
      "/api/aliases",
      { alias: "far", tank: "far-tank" },
      "createAlias",
      { tank: "far-tank" },
    ],
    [
      "POST",
      "/api/cluster/join",
      { url: "http://10.0.0.9" },
      "joinCluster",
      { hub: "http://10.0.0.9" },
    ],
    ["POST", "/api/cluster/leave", {}, "leaveCluster", {}],
  ])("%s %s", async (method, path, json, command, subject) => {
    const { ask, node } = clientOf();
    const sent = json === undefined ? {} : { json };
    const { status } = await ask(path, { method, token: true, remoteAddress: address, ...sent });
    expect(status).toBeLessThan(300);
    const [line, ...others] = changesOf(node);
    expect(others).toEqual([]);
    const said = Object.fromEntries(
      Object.entries(line ?? {}).filter(([, value]) => value !== undefined),
    );
    expect(said).toEqual({ actor: "token", address, command, method, path, ...subject });
  });

  test("a server that somebody registers by hand or without a key", async () => {
    const node = new FakeNode();
    node.peerRoutes = [
      route("POST", "/api/discovery/register"),
      route("DELETE", "/discovery/{server_id}"),
    ];
    const { ask } = clientOf(node);
    const path = "/api/discovery/register";
    await ask(path, { method: "POST", token: true, json: { server_id: "s" } });
    await ask(path, { method: "POST", json: { server_id: "s" }, remoteAddress: address });
    await ask("/discovery/s", { method: "DELETE" });
    expect(changesOf(node)).toMatchObject([
      { actor: "token", command: "registerServer", server_id: "s" },
      { actor: "unsigned", address, command: "registerServer", server_id: "s" },
      { actor: "unsigned", command: "unregisterHybridServer", server_id: "s" },
    ]);
  });
});

describe("nothing is logged", () => {
  test("of what was refused, read, only a sign of life, or a test", async () => {
    const node = new FakeNode();
    const refuse = async () => {
      throw new Problem("conflict", "no");
    };
    node.peerRoutes = [
      route("POST", "/api/discovery/heartbeat/{server_id}"),
      route("POST", "/discovery/{server_id}/heartbeat"),
      route("POST", "/api/cluster/hello"),
      route("POST", "/api/discovery/register", refuse),
    ];
    const { ask } = clientOf(node);
    for (const [method, path, token] of [
      ["GET", "/api/tanks", true],
      ["GET", "/api/config", true],
      ["POST", "/api/tanks/tank-1/pause", false],
      ["POST", "/api/tanks/none/pause", true],
      ["POST", "/api/discovery/heartbeat/s", false],
      ["POST", "/api/discovery/heartbeat/s", true],
      ["POST", "/discovery/s/heartbeat", false],
      ["POST", "/api/cluster/hello", false],
      ["POST", "/api/discovery/register", false],
      ["POST", "/api/doctor", true],
    ] as const) {
      await ask(path, { method, token, ...(method === "POST" ? { json: {} } : {}) });
    }
    expect(changesOf(node)).toEqual([]);
  });

  test("of more than a disk takes, and strangers cannot hide what the operator does", async () => {
    const node = new FakeNode();
    node.peerRoutes = [route("POST", "/api/discovery/register")];
    const { ask } = clientOf(node);
    const flood = LIMITS.strangerLinesBurst + 5;
    for (let n = 0; n < flood; n++) {
      const remoteAddress = `10.0.${n}.1`;
      await ask("/api/discovery/register", { method: "POST", json: {}, remoteAddress });
    }
    expect(changesOf(node)).toHaveLength(LIMITS.strangerLinesBurst);
    await ask("/api/tanks/tank-1/pause", { method: "POST", token: true, json: {} });
    expect(changesOf(node).at(-1)).toMatchObject({ actor: "token", command: "pauseTank" });
    node.nowMs += 1000;
    await ask("/api/discovery/register", { method: "POST", json: {} });
    expect(changesOf(node).at(-1)).toMatchObject({ actor: "unsigned", unlogged: 5 });
  });
});
