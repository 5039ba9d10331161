import { describe, expect, test } from "bun:test";
import type { ServedSocket } from "../../src/api/sockets.ts";
import { Viewers } from "../../src/api/viewers.ts";
import type { MovedTank, MoveView } from "../../src/migration/migration.ts";
import { clientOf } from "./client.ts";
import { FakeNode } from "./fakes.ts";

const MOVED: MovedTank = {
  move_id: "m-1",
  tank_id: "tank-1",
  name: "Reef",
  epoch: 2,
  destination_node_id: "node-b",
  destination_server_id: "node-b-label",
  duration_ms: 42,
};

const VIEW: MoveView = {
  move_id: "m-1",
  tank_id: "tank-1",
  name: "Reef",
  direction: "out",
  epoch: 2,
  state: "sealed",
  peer_node_id: "node-b",
  peer_server_id: "node-b-label",
  reason: null,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
};

function moving(change: Partial<FakeNode> = {}) {
  const node = Object.assign(new FakeNode(), change);
  const { ask } = clientOf(node);
  const post = (tank: string, server_id: string, token = true) =>
    ask(`/api/tanks/${tank}/move`, { method: "POST", token, json: { server_id } });
  return { node, ask, post };
}

describe("POST /api/tanks/{tank_id}/move", () => {
  test("moves the tank, and says where it is now", async () => {
    const { node, post } = moving({ moveResult: MOVED });
    const moved = await post("tank-1", "node-b-label");
    expect([moved.status, moved.body]).toEqual([
      200,
      {
        tank_id: "tank-1",
        move_id: "m-1",
        state: "done",
        server_id: "node-b-label",
        name: "Reef",
        epoch: 2,
        duration_ms: 42,
      },
    ]);
    expect(node.moves).toEqual(["tank-1 to node-b-label"]);
  });

  test("says that it is moving when it takes long, and how to follow it", async () => {
    const { ask, post } = moving({ moveViews: [VIEW] });
    const begun = await post("tank-1", "node-b-label");
    expect([begun.status, begun.body]).toEqual([
      202,
      { tank_id: "tank-1", move_id: "m-1", state: "moving", server_id: "node-b-label" },
    ]);
    expect((await ask("/api/tanks/tank-1/move")).body).toEqual(VIEW);
    expect((await ask("/api/moves")).body).toEqual({ moves: [VIEW], count: 1 });
    expect((await ask("/api/tanks/tank-2/move")).status).toBe(404);
  });

  test("of a tank of another node is ordered there under a secret", async () => {
    const done = { tank_id: "far-tank", move_id: "m", state: "done", server_id: "node-a-label" };
    const { node, post } = moving({
      mayOrder: true,
      obey: async () => ({ status: 200, body: done }),
    });
    const moved = await post("far-tank", "node-a-label");
    expect([moved.status, moved.body]).toEqual([200, done]);
    expect(node.moves).toEqual([]);
    expect(node.ordered[0]).toMatchObject({ order: { path: "/api/tanks/far-tank/move" } });
  });

  test("refuses what has no place, an unknown tank, and whoever has no token", async () => {
    const { post, node } = moving();
    expect((await post("tank-1", "full")).status).toBe(422);
    expect((await post("nothing", "node-b")).status).toBe(404);
    expect((await post("tank-1", "node-b", false)).status).toBe(401);
    expect(node.moves).toEqual(["tank-1 to full"]);
  });
});

describe("a tank that was here", () => {
  const gone = () => {
    const made = moving();
    made.node.hosted.delete("tank-1");
    made.node.movedAway.set("tank-1", { node_id: "node-b", epoch: 2 });
    return made;
  };

  test("is said to have moved, with where to", async () => {
    const { ask } = gone();
    for (const path of ["/api/tanks/tank-1", "/api/tanks/tank-1/fish"]) {
      const answer = await ask(path);
      expect([answer.status, answer.body.type]).toEqual([409, "urn:tankd:problem:moved"]);
      expect(answer.body).toMatchObject({
        node_id: "node-b",
        server_id: "node-b-label",
        api_url: "http://10.0.0.2:8000",
        epoch: 2,
      });
    }
    expect((await ask("/api/tanks/tank-1/server")).body.server_id).toBe("node-b-label");
  });

  test("is asked for at its new owner by the gateway, before any list names it there", async () => {
    const { ask, node } = gone();
    const asked: string[] = [];
    node.read = async (nodeId, path) => {
      asked.push(`${nodeId} ${path}`);
      return { status: 200, body: { there: true } };
    };
    expect((await ask("/gateway/api/tanks/tank-1/fish")).body).toEqual({ there: true });
    expect(asked).toEqual(["node-b /api/tanks/tank-1/fish"]);
  });

  test("is followed where another former owner names the next one", async () => {
    const { ask, node } = gone();
    node.read = async (nodeId) =>
      nodeId === "node-b"
        ? { status: 409, body: { type: "urn:tankd:problem:moved", node_id: "node-c" } }
        : { status: 200, body: { by: nodeId } };
    const answer = await ask("/gateway/api/tanks/tank-1");
    expect([answer.body, answer.headers.get("tankd-answered-by")]).toEqual([
      { by: "node-c" },
      "owner node-c",
    ]);
  });

  test("is asked for where it was, while nobody's list names it", async () => {
    const { ask, node } = moving();
    const tank = { tank_id: "roaming", name: "Roaming", epoch: 1 };
    const place = { node_id: "node-b", server_id: "node-b-label", tank, is_local: false };
    node.lastPlaces.set("roaming", place);
    node.read = async (nodeId) =>
      nodeId === "node-b"
        ? { status: 409, body: { type: "urn:tankd:problem:moved", node_id: "node-c" } }
        : { status: 200, body: { by: nodeId } };
    expect((await ask("/gateway/api/tanks/roaming")).body).toEqual({ by: "node-c" });
  });

  test("takes no orders here, and under a secret is controlled where it is", async () => {
    const { ask, node } = gone();
    const pause = () => ask("/api/tanks/tank-1/pause", { method: "POST", token: true, json: {} });
    expect((await pause()).status).toBe(409);
    node.mayOrder = true;
    const { ask: askUnderSecret } = clientOf(node);
    node.obey = async () => ({ status: 200, body: { command: "pause" } });
    const paused = await askUnderSecret("/api/tanks/tank-1/pause", {
      method: "POST",
      token: true,
      json: {},
    });
    expect(paused.body).toEqual({ command: "pause" });
    expect(node.ordered[0]?.nodeId).toBe("node-b");
  });

  test("shows its viewers where to go on", () => {
    const node = new FakeNode();
    const viewers = new Viewers(node.context(), () => {});
    const closed: unknown[] = [];
    const socket: ServedSocket = {
      send: () => {},
      waitingBytes: 0,
      subscribe: () => {},
      close: (code, reason) => void closed.push([code, reason]),
    };
    viewers.admit("tank-1", "10.0.0.1").onOpen(socket);
    viewers.moveAway("tank-2", "node-b-label");
    expect(closed).toEqual([]);
    viewers.moveAway("tank-1", "node-b-label");
    expect(closed).toEqual([[4301, "the tank has moved to node-b-label"]]);
  });
});

describe("the drain of a node", () => {
  const draining = () => {
    const { node, ask } = moving();
    const change = (method: string, json: object = {}, token = true) =>
      ask("/api/drain", { method, token, json });
    return { node, ask, change };
  };

  test("begins, is told, and is cancelled", async () => {
    const { ask, change } = draining();
    expect((await ask("/api/drain")).body).toMatchObject({ state: "off", tanks_left: 2 });
    const begun = await change("POST", { server_id: "node-b-label" });
    expect([begun.status, begun.body.to_server_id]).toEqual([202, "node-b-label"]);
    expect((await ask("/api/drain")).body).toMatchObject({ state: "draining", moving: "Reef" });
    expect((await change("DELETE")).body).toEqual({ cancelled: true });
    expect((await change("DELETE")).body).toEqual({ cancelled: false });
  });

  test("lets no tank come", async () => {
    const { ask, change, node } = draining();
    await change("POST");
    const create = await ask("/api/tanks", { method: "POST", token: true, json: { name: "x" } });
    expect([create.status, create.body.type]).toEqual([409, "urn:tankd:problem:draining"]);
    const type = "application/vnd.tankd.tank";
    const archive = { headers: { "content-type": type }, body: "archive" };
    const imported = await ask("/api/tanks/import", { method: "POST", token: true, ...archive });
    expect([imported.status, imported.body.type]).toEqual([409, "urn:tankd:problem:draining"]);
    expect(node.created).toEqual([]);
  });

  test("refuses what has no place, and whoever has no token", async () => {
    const { change } = draining();
    expect((await change("POST", { server_id: "full" })).status).toBe(422);
    expect((await change("POST", {}, false)).status).toBe(401);
    expect((await change("DELETE", {}, false)).status).toBe(401);
  });
});
