import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { signRequest } from "../../src/cluster/identity/signature.ts";
import type { PeerRoute } from "../../src/cluster/peer-route.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { type Asked, clientOf } from "./client.ts";
import { NODE_ID } from "./fake-records.ts";
import { FakeNode } from "./fakes.ts";

const PEER = identityFromSeed(new Uint8Array(32).fill(7));
/** Its key is on the list of servers. */
const MEMBER = identityFromSeed(new Uint8Array(32).fill(8));
/** A name that leads to this node without its knowing: an operator's DNS, or a rebound page's. */
const HOST = "hub.corp.example:8000";

const ROUTES: readonly (readonly [PeerRoute["method"], string])[] = [
  ["GET", "/.well-known/tankd"],
  ["GET", "/api/servers"],
  ["GET", "/api/discovery/servers"],
  ["GET", "/discovery"],
  ["POST", "/api/discovery/register"],
  ["POST", "/api/discovery/heartbeat/{server_id}"],
  ["DELETE", "/api/discovery/unregister/{server_id}"],
  ["POST", "/discovery/register"],
  ["POST", "/discovery/{server_id}/heartbeat"],
  ["DELETE", "/discovery/{server_id}"],
  ["POST", "/api/cluster/hello"],
  ["POST", "/api/cluster/ping"],
  ["POST", "/api/remote-transfer"],
  ["POST", "/api/transfers/{transfer_id}/abort"],
];

/** A node with the routes of the protocol; `heard` are those that reached their handlers. */
function nodeWithProtocol() {
  const heard: string[] = [];
  const node = new FakeNode();
  node.neighbourId = MEMBER.nodeId;
  node.peerRoutes = ROUTES.map(([method, path]) => ({
    method,
    path,
    summary: path,
    response: z.looseObject({}),
    handle: async ({ signer }) => {
      heard.push(`${method} ${path} ${signer === undefined ? "unsigned" : "signed"}`);
      return { status: 200, body: {} };
    },
  }));
  return { ...clientOf(node), heard };
}

const fill = (path: string) => path.replace(/\{\w+\}/, "x");

function signed(method: string, path: string, by = PEER, audience = NODE_ID): Asked {
  const { clock } = new FakeNode().context();
  const random = { bytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)), unit: () => 0 };
  const body = method === "POST" ? "{}" : "";
  const parts = { method, authority: HOST, path, body };
  const headers = signRequest(by, parts, clock, random, { audience });
  const type = body === "" ? {} : { "content-type": "application/json" };
  return { method, headers: { ...headers, ...type, host: HOST }, ...(body === "" ? {} : { body }) };
}

function unsigned(method: string): Asked {
  const headers = { host: HOST };
  return method === "POST" ? { method, json: {}, headers } : { method, headers };
}

const FOREIGN = [403, "urn:tankd:problem:foreign_host"];

describe("under a name that is not ours", () => {
  test.each([
    ["GET", "/health"],
    ["HEAD", "/health"],
    ["GET", "/api/health"],
    ["GET", "/ready"],
    ["GET", "/ready?verbose"],
    ["GET", "/metrics"],
    ["GET", "/.well-known/tankd"],
    ["POST", "/api/discovery/register"],
    ["POST", "/api/discovery/heartbeat/x"],
    ["DELETE", "/api/discovery/unregister/x"],
    ["POST", "/discovery/register"],
    ["POST", "/discovery/x/heartbeat"],
    ["DELETE", "/discovery/x"],
  ])("a program is answered: %s %s", async (method, path) => {
    expect((await nodeWithProtocol().ask(path, unsigned(method))).status).toBe(200);
  });

  test.each([
    ["POST", "/api/cluster/hello"],
    ["POST", "/api/cluster/ping"],
    ["POST", "/api/remote-transfer"],
    ["POST", "/api/transfers/x/abort"],
  ])("a node is answered for its signature: %s %s", async (method, path) => {
    const { ask, heard } = nodeWithProtocol();
    const refused = await ask(path, unsigned(method));
    expect([refused.status, refused.body.type]).toEqual(FOREIGN);
    expect(heard).toEqual([]);
    expect((await ask(path, signed(method, path))).status).toBe(200);
    expect(heard).toHaveLength(1);
  });

  test("a signature for another node or another name counts for nothing", async () => {
    const { ask, heard } = nodeWithProtocol();
    const path = "/api/cluster/hello";
    const asked = signed("POST", path);
    const elsewhere = { ...asked, headers: { ...asked.headers, host: "other.corp.example" } };
    expect((await ask(path, elsewhere)).status).toBe(401);
    expect(heard).toEqual([]);
  });
});

describe("a node of the list", () => {
  test.each([
    "/api/servers",
    "/api/tanks",
    "/api/tanks/tank-1",
    "/api/tanks/tank-1/fish",
    "/gateway/tanks/far-tank",
  ])("reads for its signature, and nobody else does: %s", async (path) => {
    const { ask } = nodeWithProtocol();
    expect((await ask(path, signed("GET", path, MEMBER))).status).toBe(200);
    for (const asked of [unsigned("GET"), signed("GET", path, PEER)]) {
      const refused = await ask(path, asked);
      expect([refused.status, refused.body.type]).toEqual(FOREIGN);
      expect(refused.body.detail).toContain('"hub.corp.example:8000"');
      expect(refused.body.detail).toContain("--allow-host hub.corp.example");
    }
  });

  test("reads what this node passes on to itself", async () => {
    const { ask } = nodeWithProtocol();
    const path = "/gateway/api/tanks/tank-1";
    expect((await ask(path, signed("GET", path, MEMBER))).status).toBe(200);
  });

  test("reads of another node what a balancer has brought here, and nobody else does", async () => {
    const node = new FakeNode();
    node.neighbourId = MEMBER.nodeId;
    const body = '{"from":"node-z"}';
    node.relays = { ...node.relays, passOn: async () => ({ status: 200, headers: {}, body }) };
    const { ask } = clientOf(node);
    const path = "/api/tanks/tank-9";
    expect((await ask(path, signed("GET", path, MEMBER, "node-z"))).text).toBe(body);
    const stranger = await ask(path, signed("GET", path, PEER, "node-z"));
    expect([stranger.status, stranger.body.type]).toEqual(FOREIGN);
  });

  test("is told to shake hands anew where its signature is not good any more", async () => {
    const { ask } = nodeWithProtocol();
    const path = "/api/tanks";
    const asked = signed("GET", path, MEMBER);
    expect((await ask(path, asked)).status).toBe(200);
    expect((await ask(path, asked)).body.type).toBe("urn:tankd:problem:bad_signature");
  });

  test("and whoever signs like one costs no more signatures than a limit allows", async () => {
    const { ask } = nodeWithProtocol();
    const path = "/api/tanks";
    const { headers } = signed("GET", path, MEMBER);
    const forged = { headers: { ...headers, "content-digest": "sha-256=:x:" } };
    const stranger = { ...forged, remoteAddress: "10.0.0.9" };
    for (let n = 0; n < LIMITS.peerRequestsBurst; n++) {
      expect((await ask(path, stranger)).status).toBe(401);
    }
    expect((await ask(path, stranger)).status).toBe(429);
    const unsignedByIt = { headers: { host: HOST }, remoteAddress: "10.0.0.9" };
    expect((await ask(path, unsignedByIt)).status).toBe(403);
    expect((await ask(path, signed("GET", path, MEMBER))).status).toBe(200);
  });

  test("is a page where it comes with an Origin", async () => {
    const { ask } = nodeWithProtocol();
    const asked = signed("GET", "/api/tanks", MEMBER);
    const headers = { ...asked.headers, origin: `http://${HOST}` };
    expect((await ask("/api/tanks", { ...asked, headers })).status).toBe(403);
  });
});

test("a tank is watched under any name, by who opens a WebSocket and is no page", async () => {
  const { ask } = nodeWithProtocol();
  const headers = { host: HOST, upgrade: "websocket" };
  const upgrade = () => true;
  expect((await ask("/ws/tank-1", { headers, upgrade })).status).toBe(200);
  const page = { headers: { ...headers, origin: `http://${HOST}` }, upgrade };
  expect((await ask("/ws/tank-1", page)).status).toBe(403);
});

test("a tunnel is opened under any name, by who signs and is no page", async () => {
  const { ask } = nodeWithProtocol();
  const path = "/api/cluster/tunnel";
  // The fake takes none; what counts is that it was asked.
  const node = await ask(path, signed("GET", path));
  expect([node.status, node.body.type]).toEqual([403, "urn:tankd:problem:not_trusted"]);
  const nobody = await ask(path, unsigned("GET"));
  expect([nobody.status, nobody.body.type]).toEqual(FOREIGN);
  const asked = signed("GET", path);
  const page = await ask(path, {
    ...asked,
    headers: { ...asked.headers, origin: `http://${HOST}` },
  });
  expect([page.status, page.body.type]).toEqual(FOREIGN);
});

describe("a page whose name was rebound to this node", () => {
  test.each([
    ["GET", "/"],
    ["GET", "/openapi.json"],
    ["GET", "/docs"],
    ["GET", "/api/tanks"],
    ["GET", "/api/tanks/tank-1"],
    ["GET", "/api/servers"],
    ["GET", "/api/discovery/servers"],
    ["GET", "/discovery"],
    ["GET", "/gateway/tanks"],
    ["GET", "/gateway/tanks/tank-1"],
    ["GET", "/api/transfers"],
    ["GET", "/api/connections"],
    ["GET", "/api/aliases"],
    ["GET", "/ws/tank-1"],
    ["POST", "/api/tanks"],
    ["POST", "/api/connections"],
    ["POST", "/api/aliases"],
    ["POST", "/api/cluster/join"],
    ["POST", "/api/cluster/leave"],
    ["DELETE", "/api/tanks/tank-1"],
    ["GET", "/health/"],
    ["GET", "//health"],
    ["GET", "/discovery/x"],
    ["DELETE", "/discovery/x/y"],
    ["POST", "/api/cluster/unknown"],
  ])("gets nothing: %s %s", async (method, path) => {
    const { ask, heard } = nodeWithProtocol();
    const answer = await ask(path, unsigned(method));
    expect([answer.status, answer.body.type]).toEqual(FOREIGN);
    expect(heard).toEqual([]);
  });

  test.each(["/api/servers", "/api/discovery/servers", "/discovery"])(
    "reads no more with a key that it has made itself: %s",
    async (path) => {
      const answer = await nodeWithProtocol().ask(path, signed("GET", path));
      expect([answer.status, answer.body.type]).toEqual(FOREIGN);
    },
  );

  test.each(ROUTES.filter(([method]) => method !== "GET"))(
    "changes nothing, as browsers name the page: %s %s",
    async (method, path) => {
      const { ask, heard } = nodeWithProtocol();
      for (const asked of [unsigned(method), signed(method, fill(path))]) {
        const headers = { ...asked.headers, origin: `http://${HOST}` };
        const answer = await ask(fill(path), { ...asked, headers });
        expect([answer.status, answer.body.type]).toEqual(FOREIGN);
      }
      expect(heard).toEqual([]);
    },
  );

  test("a form without Origin is no JSON", async () => {
    const { ask, heard } = nodeWithProtocol();
    const headers = { host: HOST, "content-type": "application/x-www-form-urlencoded" };
    const asked = { method: "POST", headers, body: "server_id=x" };
    expect((await ask("/api/discovery/register", asked)).status).toBe(415);
    expect(heard).toEqual([]);
  });

  test("finds nothing secret where it is answered", async () => {
    const { ask } = clientOf();
    for (const path of ["/health", "/ready?verbose", "/metrics"]) {
      const { text } = await ask(path, { headers: { host: HOST } });
      expect(text).not.toContain("test-control-token");
    }
  });
});

test("a request without Host is answered: HTTP/1.0 has none, browsers always send it", async () => {
  const { app } = clientOf();
  const bindings = { remoteAddress: "10.0.0.9", patient: () => {}, upgrade: () => false };
  for (const path of ["/health", "/api/tanks"]) {
    const answer = await app.fetch(new Request(`http://127.0.0.1:8000${path}`), bindings);
    expect(answer.status).toBe(200);
  }
});
