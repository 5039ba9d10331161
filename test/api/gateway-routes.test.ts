import { describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/platform/limits.ts";
import { NetworkError } from "../../src/platform/network.ts";
import { clientOf } from "./client.ts";
import { NODE_ID } from "./fake-records.ts";
import { FakeNode } from "./fakes.ts";

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

  test("knows a tank that has just left this node before its new server announces it", async () => {
    const { ask, node } = clientOf();
    const view = {
      ...{ move_id: "m1", tank_id: "gone", name: "Reef", epoch: 2, reason: null },
      ...({ direction: "out", state: "activated", peer_node_id: "node-b" } as const),
      ...{ peer_server_id: "node-b-label", created_at: "", updated_at: "" },
    };
    node.moveViews = [view];
    node.movedAway.set("gone", { node_id: "node-b", epoch: 2 });
    const { tanks, count } = (await ask("/gateway/tanks")).body;
    expect(count).toBe(4);
    expect(tanks[3]).toMatchObject({
      tank: { tank_id: "gone", name: "Reef", epoch: 2, server_id: "node-b-label" },
    });
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
