import { describe, expect, test } from "bun:test";
import { clientOf } from "./client.ts";

describe("join and leave", () => {
  test("tell the cluster, and how it went", async () => {
    const { ask, node } = clientOf();
    const join = (url: unknown) =>
      ask("/api/cluster/join", { method: "POST", token: true, json: { url } });
    expect((await join("http://hub.corp.example:8000")).body).toEqual({
      met: true,
      detail: "Met hub",
    });
    expect((await join("http://10.0.0.9")).body).toEqual({
      met: false,
      detail: "connection refused",
    });
    const left = await ask("/api/cluster/leave", { method: "POST", token: true });
    expect([left.status, left.body]).toEqual([200, { left: true }]);
    expect(node.joined).toEqual(["hub.corp.example:8000", "10.0.0.9:80", "left"]);
  });

  test.each(["https://hub", "hub/8000", "", "http://hub/path", 7])("refuse %j", async (url) => {
    const { ask, node } = clientOf();
    const asked = { method: "POST", token: true, json: { url } };
    const { status, body } = await ask("/api/cluster/join", asked);
    expect([status, body.type]).toEqual([422, "urn:tankd:problem:invalid"]);
    expect(node.joined).toEqual([]);
  });
});

test("the ways to others are tried for those who have the token alone", async () => {
  const { ask } = clientOf();
  const { status, body } = await ask("/api/doctor", { method: "POST", token: true });
  const addresses = [{ host: "10.0.0.1", port: 8000 }];
  expect([status, body]).toEqual([200, { addresses, peers: [], left_out: 0 }]);
  for (const method of ["GET", "POST"]) {
    expect((await ask("/api/doctor", { method })).status).toBe(method === "GET" ? 405 : 401);
  }
});

describe("aliases", () => {
  test("are given, listed and forgotten", async () => {
    const { ask } = clientOf();
    const json = { alias: "home", tank: "far-tank" };
    const made = await ask("/api/aliases", { method: "POST", token: true, json });
    const alias = {
      alias: "home",
      node_id: "node-b",
      server_id: "node-b-label",
      tank_id: "far-tank",
    };
    expect([made.status, made.body]).toEqual([201, alias]);
    expect((await ask("/api/aliases")).body).toEqual({ aliases: [alias], count: 1 });
    const gone = await ask("/api/aliases/home", { method: "DELETE", token: true });
    expect(gone.body).toEqual({ alias: "home", removed: true });
    const again = await ask("/api/aliases/home", { method: "DELETE", token: true });
    expect([again.status, again.body.type]).toEqual([404, "urn:tankd:problem:unknown_alias"]);
  });

  test("need a tank", async () => {
    const json = { alias: "home", tank: "none" };
    const { status } = await clientOf().ask("/api/aliases", { method: "POST", token: true, json });
    expect(status).toBe(404);
  });
});

test.each([
  ["POST", "/api/cluster/join"],
  ["POST", "/api/cluster/leave"],
  ["POST", "/api/aliases"],
  ["DELETE", "/api/aliases/home"],
])("%s %s needs the token", async (method, path) => {
  const { ask, node } = clientOf();
  const asked = method === "POST" ? { method, json: { url: "http://h:1" } } : { method };
  expect((await ask(path, asked)).status).toBe(401);
  expect(node.joined).toEqual([]);
});
