import { describe, expect, test } from "bun:test";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { signRequest } from "../../src/cluster/identity/signature.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { NetworkError } from "../../src/platform/network.ts";
import { clientOf } from "./client.ts";
import { NODE_ID } from "./fake-records.ts";
import { FakeNode } from "./fakes.ts";

const PEER = identityFromSeed(new Uint8Array(32).fill(7));
const OWNER = `owner ${NODE_ID}`;

/** A GET as another node signs it, for this one unless said otherwise. */
function signed(path: string, audience = NODE_ID): Record<string, string> {
  const { clock } = new FakeNode().context();
  const random = { bytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)), unit: () => 0 };
  const parts = { method: "GET", authority: "a.name", path, body: "" };
  return { ...signRequest(PEER, parts, clock, random, { audience, isUnbound: true }) };
}

describe("the gateway names who has answered", () => {
  const namedBy = async (node: FakeNode, path: string) => {
    const { status, headers } = await clientOf(node).ask(path);
    return [status, headers.get("tankd-answered-by"), headers.get("tankd-relay")];
  };

  test("the host, where that has proven its answer", async () => {
    const node = new FakeNode();
    const asked: string[] = [];
    node.read = async (...what) => {
      asked.push(what.join(" "));
      return { status: 404, body: {} };
    };
    const far = "/gateway/api/tanks/far-tank/fish?limit=1";
    expect(await namedBy(node, far)).toEqual([404, "owner node-b", NODE_ID]);
    expect(asked).toEqual(["node-b /api/tanks/far-tank/fish?limit=1"]);
    expect(await namedBy(node, "/gateway/api/tanks/tank-1")).toEqual([200, OWNER, null]);
  });

  test("nobody, where somebody has answered and proven nothing", async () => {
    const node = new FakeNode();
    node.read = async () => {
      throw new NetworkError("unreachable", "the answer of node-b is not proven: 404");
    };
    expect(await namedBy(node, "/gateway/api/tanks/far-tank")).toEqual([502, null, null]);
  });

  test("itself as one that has been told, of what is not its own", async () => {
    const node = new FakeNode();
    const told = [200, `relay ${NODE_ID}`, null];
    expect(await namedBy(node, "/gateway/tanks")).toEqual(told);
    expect(await namedBy(node, "/gateway/tanks/far-tank")).toEqual(told);
    expect(await namedBy(node, "/gateway/tanks/tank-1")).toEqual([200, OWNER, null]);
  });
});

describe("a viewer is told who shows the tank", () => {
  type Connect = Cluster["sockets"]["connect"];

  /** The headers with which a node takes a viewer; the status where it does not. */
  async function taken(node: FakeNode, tank: string, more: Record<string, string> = {}) {
    let told: Readonly<Record<string, string>> | undefined;
    const { status } = await clientOf(node).ask(`/ws/${tank}`, {
      headers: { upgrade: "websocket", ...more },
      remoteAddress: "10.0.0.9",
      upgrade: (_, headers) => {
        told = headers;
        return true;
      },
    });
    return told ?? status;
  }

  /** A node that reaches the host of the far tank at these nodes, in this order. */
  function dialling(nodeIds: readonly string[], refused: readonly string[] = []) {
    const node = new FakeNode();
    const asked: Parameters<Connect>[] = [];
    const address = { host: "10.0.0.2", port: 8000 };
    node.relays = {
      ...node.relays,
      waysTo: async () => nodeIds.map((nodeId) => ({ nodeId, address })),
      proofOf: (_, who) => ({ "tankd-proof": `of ${who}` }),
    };
    const connect: Connect = async (...what) => {
      asked.push(what);
      if (refused.includes(what[0].nodeId)) throw new NetworkError("unreachable", "not taken");
      return { send: () => {}, waitingBytes: 0, close: () => {} };
    };
    node.sockets = { connect };
    return { node, asked };
  }

  test("this node, of its own", async () => {
    expect(await taken(new FakeNode(), "tank-1")).toEqual({ "tankd-answered-by": OWNER });
  });

  test("the host, which holds a tunnel to this node or has proven itself", async () => {
    const byHost = { "tankd-answered-by": "owner node-b", "tankd-relay": NODE_ID };
    const node = new FakeNode();
    node.tunnels = { ...node.tunnels, watch: () => () => {} };
    expect(await taken(node, "far-tank")).toEqual(byHost);
    const { node: other, asked } = dialling(["node-b"]);
    expect(await taken(other, "far-tank")).toEqual(byHost);
    expect(asked.map(([place, wish]) => [place.nodeId, wish])).toMatchObject([
      [
        "node-b",
        { path: "/ws/far-tank", answeredBy: "owner node-b", headers: { "tankd-relay": NODE_ID } },
      ],
    ]);
  });

  test("a node that passes it on and alone has proven itself", async () => {
    const { node, asked } = dialling(["node-b", "node-c"], ["node-b"]);
    expect(await taken(node, "far-tank")).toEqual({
      "tankd-answered-by": "relay node-c",
      "tankd-relay": NODE_ID,
    });
    // By that node's own word, which it proves.
    expect(asked.map(([, { answeredBy }]) => answeredBy)).toEqual(["owner node-b", "owner node-b"]);
  });

  test("nobody, where nobody has taken it", async () => {
    expect(await taken(dialling(["node-b"], ["node-b"]).node, "far-tank")).toBe(502);
  });

  test("through two nodes and no third one: it might go round", async () => {
    const { node, asked } = dialling(["node-b"]);
    await taken(node, "far-tank", { "tankd-relay": "node-c" });
    expect(asked.map(([, { headers }]) => headers)).toEqual([
      { "tankd-relay": `node-c, ${NODE_ID}` },
    ]);
    const relayed = { "tankd-relay": "node-d, node-c" };
    expect(await taken(node, "far-tank", relayed)).toBe(502);
    expect(asked).toHaveLength(1);
    node.tunnels = { ...node.tunnels, watch: () => () => {} };
    expect(await taken(node, "far-tank", relayed)).toMatchObject({
      "tankd-answered-by": "owner node-b",
    });
  });

  test("with a proof, where another node has signed for this one", async () => {
    const { node } = dialling(["node-b"]);
    const proofOf = async (tank: string) => {
      const told = await taken(node, tank, signed(`/ws/${tank}`));
      return typeof told === "object" ? told["tankd-proof"] : told;
    };
    expect(await proofOf("tank-1")).toBe(`of owner ${NODE_ID}`);
    expect(await proofOf("far-tank")).toBe("of owner node-b");
    expect(await taken(node, "tank-1", signed("/ws/tank-1", "node-c"))).toBe(401);
  });
});

describe("what another node reads for somebody", () => {
  const PATH = "/api/tanks/tank-1";

  function reading() {
    const node = new FakeNode();
    const answered: string[] = [];
    const passedOn: string[] = [];
    node.relays = {
      ...node.relays,
      answer: async ({ method, path }, source) => {
        answered.push(`${method} ${path} ${source}`);
        return { status: 404, headers: { "tankd-proof": "p" }, body: "{}" };
      },
      passOn: async (nodeId, { path }) => {
        passedOn.push(`${nodeId} ${path}`);
        return { status: 200, headers: { "tankd-proof": "q" }, body: "{}" };
      },
    };
    const { ask } = clientOf(node);
    const proofOf = async (path: string, headers = {}, more = {}) => {
      const asked = { headers, remoteAddress: "10.0.0.9", ...more };
      const answer = await ask(path, asked);
      return [answer.status, answer.headers.get("tankd-proof")];
    };
    return { proofOf, answered, passedOn };
  }

  test("is answered with a proof where it is signed for this node", async () => {
    const { proofOf, answered } = reading();
    const path = `${PATH}/fish?limit=1`;
    expect(await proofOf(path, signed(path))).toEqual([404, "p"]);
    expect(answered).toEqual([`GET ${path} 10.0.0.9`]);
    expect(await proofOf(PATH)).toEqual([200, null]);
    expect(await proofOf(PATH, signed(path))).toEqual([401, null]);
    expect(answered).toHaveLength(1);
  });

  test("is passed on where it is signed for another one", async () => {
    const { proofOf, answered, passedOn } = reading();
    expect(await proofOf(PATH, signed(PATH, "node-c"))).toEqual([200, "q"]);
    expect(passedOn).toEqual([`node-c ${PATH}`]);
    const forged = { ...signed(PATH, "node-c"), "tankd-audience": "node-b" };
    expect(await proofOf(PATH, forged)).toEqual([401, null]);
    expect([passedOn.length, answered.length]).toEqual([1, 0]);
  });

  test("comes no faster than other requests of nodes", async () => {
    const { proofOf } = reading();
    const forged = signed("/x");
    for (let n = 0; n < LIMITS.peerRequestsBurst; n++) {
      expect(await proofOf(PATH, forged)).toEqual([401, null]);
    }
    expect(await proofOf(PATH, signed(PATH))).toEqual([429, null]);
    expect(await proofOf(PATH)).toEqual([200, null]);
  });
});
