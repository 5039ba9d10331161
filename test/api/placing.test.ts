import { describe, expect, test } from "bun:test";
import { viewTank } from "../../src/api/tank-view.ts";
import { type Order, OrderLost } from "../../src/cluster/admission/orders.ts";
import type { PeerReply } from "../../src/cluster/peer-route.ts";
import { problemReply } from "../../src/cluster/problem-reply.ts";
import { NetworkError } from "../../src/platform/network.ts";
import { clientOf } from "./client.ts";
import { fakeTank } from "./fake-records.ts";
import { FakeNode } from "./fakes.ts";

/** A node with a secret, whose neighbour has room and obeys. */
function withNeighbour(obey: (order: Order) => Promise<PeerReply> = created) {
  const node = new FakeNode();
  node.mayOrder = true;
  node.neighbourMore = { fish_count: 0, tank_count: 0 };
  node.obey = obey;
  const { ask } = clientOf(node);
  const create = (json: object, headers: Record<string, string> = {}) =>
    ask("/api/tanks", { method: "POST", token: true, headers, json: { name: "Lagoon", ...json } });
  return { node, create, ask };
}

async function created(order: Order): Promise<PeerReply> {
  const name = String(order.body?.["name"]);
  return { status: 201, body: viewTank(fakeTank("made-there", name), "node-b-label") };
}

describe("POST /api/tanks", () => {
  test("with auto orders the least loaded server to create the tank, and says so", async () => {
    const { node, create } = withNeighbour();
    const made = await create({ server_id: "auto", fish: 5 });
    expect(made.status).toBe(201);
    expect(made.body.tank).toMatchObject({ tank_id: "made-there", server_id: "node-b-label" });
    expect(made.body.placement.server_id).toBe("node-b-label");
    expect(made.body.placement.reason).toContain("the least loaded of 2 that fit");
    expect(node.ordered).toMatchObject([
      {
        nodeId: "node-b",
        order: {
          method: "POST",
          path: "/api/tanks",
          body: { name: "Lagoon", fish: 5, server_id: "node-b" },
        },
      },
    ]);
    expect(node.created).toEqual([]);
  });

  test("knows where the tank is before any list names it", async () => {
    const { create, ask } = withNeighbour();
    expect((await ask("/gateway/tanks/made-there")).status).toBe(404);
    await create({ server_id: "auto" });
    for (const asked of ["made-there", "Lagoon", "node-b-label::Lagoon"]) {
      const { server } = (await ask(`/gateway/tanks/${asked}`)).body;
      expect([asked, server.node_id]).toEqual([asked, "node-b"]);
    }
  });

  test("with auto creates it here without a secret, and says why", async () => {
    const { node, create } = withNeighbour();
    node.mayOrder = false;
    const made = await create({ server_id: "auto" });
    expect(made.status).toBe(201);
    expect(made.body.placement.server_id).toBe("node-a-label");
    expect(made.body.placement.reason).toContain("node-b-label takes orders only under a common");
    expect(node.created).toEqual(["Lagoon"]);
    expect(node.ordered).toEqual([]);
  });

  test("with a server creates it there", async () => {
    const { node, create } = withNeighbour();
    node.neighbourMore = { fish_count: 9_000 };
    const made = await create({ server_id: "node-b-label" });
    expect(made.body.placement).toEqual({ server_id: "node-b-label", reason: "as asked" });
    expect(node.ordered).toHaveLength(1);
  });

  test("without a place is as before, and tells none", async () => {
    const { node, create } = withNeighbour();
    const made = await create({});
    expect([made.status, made.body.placement]).toEqual([201, undefined]);
    expect(node.created).toEqual(["Lagoon"]);
  });

  test("with conditions takes a server that has all of them", async () => {
    const { node, create } = withNeighbour();
    node.neighbourMore = { region: "eu", tags: ["lab"], fish_count: 9_000 };
    expect((await create({ region: "eu", tags: ["lab"] })).body.tank.tank_id).toBe("made-there");
  });

  test.each<[string, object, number, string, string]>([
    ["an unknown server", { server_id: "x" }, 404, "unknown_server", "no server x"],
    ["conditions that none meets", { region: "mars" }, 422, "no_placement", "is in no region"],
    [
      "a server that does not meet them",
      { server_id: "node-b", tags: ["gpu"] },
      422,
      "no_placement",
      "node-b-label has no tag gpu",
    ],
  ])("with %s creates nothing", async (_name, where, status, code, why) => {
    const { node, create } = withNeighbour();
    const refused = await create(where);
    expect([refused.status, refused.body.type]).toEqual([status, `urn:tankd:problem:${code}`]);
    expect(refused.body.detail).toContain(why);
    expect([node.created, node.ordered]).toEqual([[], []]);
  });

  test("goes to the next server where the first does not take it", async () => {
    for (const obey of [
      async () => problemReply("not_trusted", "another secret"),
      async () => problemReply("no_placement", "full by now"),
      () => Promise.reject(new OrderLost("node-b-label", new NetworkError("refused", "gone"))),
    ]) {
      const { node, create } = withNeighbour(obey);
      const made = await create({ server_id: "auto" });
      expect(made.body.placement.server_id).toBe("node-a-label");
      expect(made.body.placement.reason).toContain("node-b-label did not take it");
      expect(node.created).toEqual(["Lagoon"]);
    }
  });

  test("does not create it twice where the first may have; a repetition asks again", async () => {
    let isLost = true;
    const { node, create } = withNeighbour((order) =>
      isLost
        ? Promise.reject(new OrderLost("node-b-label", new NetworkError("timeout", "late")))
        : created(order),
    );
    const key = { "idempotency-key": "k-1" };
    const lost = await create({ server_id: "auto" }, key);
    expect([lost.status, node.created]).toEqual([502, []]);
    expect(lost.body.detail).toContain("it may have done it nevertheless");
    isLost = false;
    // Meanwhile this node would be the better one.
    node.neighbourMore = { fish_count: 9_000 };
    const made = await create({ server_id: "auto" }, key);
    expect(made.body.tank.tank_id).toBe("made-there");
    expect(node.ordered.map(({ order }) => order.idempotency_key)).toEqual(["k-1", "k-1"]);
  });

  test("passes on what the other server says against it", async () => {
    const { create } = withNeighbour(async () => problemReply("name_taken", "There is a Lagoon"));
    const refused = await create({ server_id: "node-b" });
    expect([refused.status, refused.body.detail]).toEqual([409, "There is a Lagoon"]);
  });
});

test("a connection from a tank of another server is made there under a common secret", async () => {
  const made = { connection_id: "c-9" };
  const { node, ask } = withNeighbour(async () => ({ status: 201, body: made }));
  const json = {
    source_tank_id: "far-tank",
    source_server_id: "node-b-label",
    destination_tank_id: "tank-1",
    destination_server_id: "node-a-label",
  };
  const connect = () => ask("/api/connections", { method: "POST", token: true, json });
  const answer = await connect();
  expect([answer.status, answer.body]).toEqual([201, made]);
  expect(node.ordered).toMatchObject([
    {
      nodeId: "node-b",
      order: { path: "/api/connections", body: { ...json, source_server_id: "node-b" } },
    },
  ]);
});

describe("a command for a tank of another node", () => {
  const pause = (node: FakeNode, tank: string) =>
    clientOf(node).ask(`/api/tanks/${tank}/pause`, { method: "POST", token: true, json: {} });

  test("is executed there under a common secret", async () => {
    const { node } = withNeighbour(async () => ({ status: 200, body: { command: "pause" } }));
    const answer = await pause(node, "far-tank");
    expect([answer.status, answer.body]).toEqual([200, { command: "pause" }]);
    expect(answer.headers.get("tankd-answered-by")).toBe("owner node-b");
    expect(node.ordered).toMatchObject([
      { nodeId: "node-b", order: { method: "POST", path: "/api/tanks/far-tank/pause" } },
    ]);
  });

  test("without one is refused with where the tank is", async () => {
    const { node } = withNeighbour();
    node.mayOrder = false;
    const answer = await pause(node, "far-tank");
    expect([answer.status, node.ordered]).toEqual([404, []]);
    expect(answer.body.detail).toContain("http://10.0.0.2:8000");
  });

  test("needs the token before anything is ordered", async () => {
    const { node } = withNeighbour();
    const answer = await clientOf(node).ask("/api/tanks/far-tank/pause", { method: "POST" });
    expect([answer.status, node.ordered]).toEqual([401, []]);
  });
});
