import { describe, expect, test } from "bun:test";
import { clientOf } from "./client.ts";
import { FakeNode } from "./fakes.ts";

const ORDER = {
  source_tank_id: "tank-1",
  dest_tank_id: "far-tank",
  entity_id: "0123456789abcdef-1",
  entity_type: "fish",
};

function sending(change: Partial<FakeNode> = {}) {
  const node = Object.assign(new FakeNode(), change);
  const { ask } = clientOf(node);
  const post = (json: object, headers: Record<string, string> = {}) =>
    ask("/gateway/transfer", { method: "POST", token: true, headers, json });
  return { node, ask, post };
}

describe("POST /gateway/transfer", () => {
  test("sends a fish, and answers where it is; its id stays", async () => {
    const { node, post } = sending();
    const sent = await post(ORDER);
    expect(sent.status).toBe(200);
    expect(sent.body).toEqual({
      success: true,
      transfer_id: "ab".repeat(16),
      state: "delivered",
      old_id: ORDER.entity_id,
      new_id: ORDER.entity_id,
      source_server: "node-a-label",
      dest_server: "node-b-label",
      timestamp: expect.any(String),
    });
    expect(node.sent).toMatchObject([
      { source_tank_id: "tank-1", destination: { tank_id: "far-tank" }, entity_type: "fish" },
    ]);
  });

  test("says honestly that it is in escrow while nothing is decided", async () => {
    const { post } = sending({ outcome: { state: "in_doubt" } });
    const sent = await post(ORDER);
    expect([sent.status, sent.body.success, sent.body.state]).toEqual([202, false, "in_doubt"]);
  });

  test("tells the reason of a refusal", async () => {
    const { post } = sending({ outcome: { state: "returned", reason: "tank_full" } });
    const sent = await post(ORDER);
    expect([sent.status, sent.body.type]).toEqual([409, "urn:tankd:problem:transfer_refused"]);
    expect(sent.body).toMatchObject({ reason: "tank_full", transfer_id: "ab".repeat(16) });
    expect(sent.body.detail).toContain("It is back in its tank");
  });

  test("sends it once for one Idempotency-Key", async () => {
    const { node, post } = sending();
    const key = { "idempotency-key": "once" };
    const [first, again] = [await post(ORDER, key), await post(ORDER, key)];
    expect(again.body).toEqual(first.body);
    expect(node.sent).toHaveLength(1);
    const other = await post({ ...ORDER, entity_id: "another" }, key);
    expect([other.status, node.sent.length]).toEqual([422, 1]);
  });

  test("refuses an unknown fish, a malformed order, and whoever has no token", async () => {
    const { ask, post, node } = sending();
    expect((await post({ ...ORDER, entity_id: "nobody" })).status).toBe(404);
    expect((await post({ ...ORDER, entity_type: "crab" })).status).toBe(422);
    const untrusted = await ask("/gateway/transfer", { method: "POST", json: ORDER });
    expect([untrusted.status, node.sent.length]).toEqual([401, 1]);
  });

  test("from a tank of another node is ordered there, with the tank meant here", async () => {
    const answer = { success: true, transfer_id: "cd" };
    const { node, post } = sending({
      mayOrder: true,
      obey: async () => ({ status: 200, body: answer }),
    });
    const sent = await post({ ...ORDER, source_tank_id: "far-tank", dest_tank_id: "tank-2" });
    expect([sent.status, sent.body]).toEqual([200, answer]);
    expect(node.sent).toEqual([]);
    expect(node.ordered).toMatchObject([
      {
        nodeId: "node-b",
        order: {
          path: "/gateway/transfer",
          body: { source_tank_id: "far-tank", dest_tank_id: "tank-2", dest_server_id: "node-a" },
        },
      },
    ]);
  });
});

describe("POST /api/transfers/{transfer_id}/resolve", () => {
  const post = (id: string, json: object, token = true) =>
    clientOf().ask(`/api/transfers/${id}/resolve`, { method: "POST", token, json });

  test("ends the escrow", async () => {
    const restored = await post("cd".repeat(16), { decision: "restore" });
    expect([restored.status, restored.body.state]).toEqual([200, "returned"]);
    const delivered = await post("cd".repeat(16), { decision: "delivered" });
    expect([delivered.status, delivered.body.state]).toEqual([200, "delivered"]);
  });

  test("refuses what is settled, another decision, and whoever has no token", async () => {
    expect((await post("ab".repeat(16), { decision: "restore" })).status).toBe(409);
    expect((await post("cd".repeat(16), { decision: "burn" })).status).toBe(422);
    expect((await post("cd".repeat(16), { decision: "restore" }, false)).status).toBe(401);
  });
});
