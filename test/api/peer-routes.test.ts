import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { signRequest } from "../../src/cluster/identity/signature.ts";
import type { PeerRequest, PeerRoute } from "../../src/cluster/peer-route.ts";
import { Problem } from "../../src/platform/errors.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { clientOf } from "./client.ts";
import { NODE_ID } from "./fake-records.ts";
import { FakeNode, TOKEN } from "./fakes.ts";

const PEER = identityFromSeed(new Uint8Array(32).fill(7));
const SEEN = z.looseObject({});

function withRoutes() {
  const seen: PeerRequest[] = [];
  const route = (method: PeerRoute["method"], path: string): PeerRoute => ({
    method,
    path,
    summary: `${method} ${path}`,
    response: SEEN,
    ...(method === "POST" ? { request: z.strictObject({ say: z.string() }) } : {}),
    handle: async (request) => {
      seen.push(request);
      return { status: 200, body: { heard: true } };
    },
  });
  const node = new FakeNode();
  node.peerRoutes = [
    route("POST", "/peer/{server_id}/hello"),
    route("GET", "/peer/{server_id}"),
    {
      ...route("POST", "/peer/slow"),
      handle: async () => ({
        status: 429,
        body: { type: "urn:tankd:problem:too_many" },
        headers: { "retry-after": "3" },
      }),
    },
    {
      ...route("DELETE", "/peer/{server_id}"),
      handle: async () => {
        throw new Problem("foreign_cluster", "another cluster");
      },
    },
  ];
  return { ...clientOf(node), seen };
}

function signed(body: string, audience = NODE_ID, peer = PEER) {
  const path = "/peer/x/hello?a=1";
  const headers = signatureOf({ method: "POST", path, body }, audience, peer);
  return { method: "POST", body, headers: { ...headers, "content-type": "application/json" } };
}

function signatureOf(
  parts: { readonly method: string; readonly path: string; readonly body: string },
  audience = NODE_ID,
  peer = PEER,
) {
  const clock = new FakeNode().context().clock;
  const random = { bytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)), unit: () => 0 };
  const authority = "127.0.0.1:8000";
  return signRequest(peer, { ...parts, authority }, clock, random, { audience });
}

/** The nth of keys that nobody has seen. */
function stranger(n: number) {
  const seed = new Uint8Array(32).fill(8);
  new DataView(seed.buffer).setUint32(0, n);
  return identityFromSeed(seed);
}

describe("a request between nodes", () => {
  test("reaches its handler with parameters, query, body, signer and address", async () => {
    const { ask, seen } = withRoutes();
    const asked = { ...signed('{"say":"hi"}'), remoteAddress: "10.0.0.9" };
    const { status, body } = await ask("/peer/x/hello?a=1", asked);
    expect([status, body]).toEqual([200, { heard: true }]);
    expect(seen).toEqual([
      {
        params: { server_id: "x" },
        query: { a: "1" },
        body: { say: "hi" },
        signer: PEER.nodeId,
        signerKey: PEER.publicKey,
        controlled: false,
        remoteAddress: "10.0.0.9",
        // As it was signed, so that it can be passed on.
        wire: {
          method: "POST",
          authority: "127.0.0.1:8000",
          path: "/peer/x/hello?a=1",
          headers: expect.objectContaining({ ...asked.headers }),
          body: '{"say":"hi"}',
        },
      },
    ]);
  });

  test("may be unsigned and empty, and may carry the token", async () => {
    const { ask, seen } = withRoutes();
    await ask("/peer/x/hello", { method: "POST" });
    await ask("/peer/x", { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(seen[0]).toMatchObject({ signer: undefined, controlled: false, body: undefined });
    expect(seen[1]).toMatchObject({ signer: undefined, controlled: true });
    const wrong = await ask("/peer/x", { headers: { authorization: "Bearer x" } });
    expect(wrong.status).toBe(401);
  });

  interface Forged {
    readonly body?: string;
    readonly host?: string;
    readonly audience?: string;
  }
  const FORGED: readonly (readonly [string, string, Forged])[] = [
    ["another body", "/peer/x/hello?a=1", { body: '{"say":"ho"}' }],
    ["another path", "/peer/y/hello?a=1", {}],
    ["another query", "/peer/x/hello?a=2", {}],
    ["another host", "/peer/x/hello?a=1", { host: "127.0.0.2:8000" }],
    ["another node", "/peer/x/hello?a=1", { audience: "node-z" }],
  ];
  test.each(FORGED)("that was signed for %s is a 401", async (_, path, forged) => {
    const { body, host, audience } = forged;
    const { ask, seen } = withRoutes();
    const asked = signed('{"say":"hi"}', audience);
    const headers = { ...asked.headers, ...(host === undefined ? {} : { host }) };
    const answer = await ask(path, { ...asked, headers, ...(body === undefined ? {} : { body }) });
    expect([answer.status, answer.body.type]).toEqual([401, "urn:tankd:problem:bad_signature"]);
    expect(seen).toEqual([]);
  });

  test("that is meant for another one goes there, once it is known to be somebody's", async () => {
    const { ask, node, seen } = withRoutes();
    const passedOn: unknown[] = [];
    node.relays = {
      ...node.relays,
      passOn: async (nodeId, { body }, { isPassedOn }) => {
        passedOn.push([nodeId, body, isPassedOn]);
        return { status: 200, headers: { "tankd-proof": "p" }, body: "{}" };
      },
    };
    const client = clientOf(node);
    const asked = signed('{"say":"hi"}', "node-z");
    const send = (more: Record<string, string>) =>
      client.ask("/peer/x/hello?a=1", { ...asked, headers: { ...asked.headers, ...more } });
    const signature = `tankd=:${"A".repeat(86)}==:`;
    expect((await send({ signature })).status).toBe(401);
    expect((await send({ "content-digest": "sha-256=:x:" })).status).toBe(401);
    expect(passedOn).toEqual([]);
    const answer = await send({});
    expect([answer.status, answer.headers.get("tankd-proof")]).toEqual([200, "p"]);
    expect(passedOn).toEqual([["node-z", '{"say":"hi"}', false]]);
    expect((await ask("/peer/x/hello?a=1", { method: "POST" })).status).toBe(200);
    expect(seen).toHaveLength(1);
  });

  test("is not heard twice", async () => {
    const { ask, seen } = withRoutes();
    const asked = signed('{"say":"hi"}');
    await ask("/peer/x/hello?a=1", asked);
    expect((await ask("/peer/x/hello?a=1", asked)).status).toBe(401);
    expect(seen).toHaveLength(1);
  });

  test("is not heard twice after any number of fresh keys, which are told to wait", async () => {
    const { ask, seen } = withRoutes();
    const first = { ...signed('{"say":"hi"}'), remoteAddress: "10.0.0.1" };
    await ask("/peer/x/hello?a=1", first);
    const statuses: number[] = [];
    for (let n = 0; n <= LIMITS.strangersRememberedPerSourceMax; n++) {
      const asked = { ...signed('{"say":"hi"}', NODE_ID, stranger(n)), remoteAddress: "10.0.0.2" };
      statuses.push((await ask("/peer/x/hello?a=1", asked)).status);
    }
    expect(statuses.filter((status) => status !== 200)).toEqual([429]);
    expect((await ask("/peer/x/hello?a=1", first)).status).toBe(401);
    expect(seen.filter(({ signer }) => signer === PEER.nodeId)).toHaveLength(1);
  });

  test("that reads is bounded where it is signed: to verify it takes work", async () => {
    const { ask } = withRoutes();
    const headers = signatureOf({ method: "GET", path: "/peer/x", body: "" }, "node-z");
    const statuses = new Set<number>();
    for (let n = 0; n < LIMITS.peerRequestsBurst; n++) {
      statuses.add((await ask("/peer/x", { headers })).status);
    }
    expect([...statuses]).toEqual([401]);
    const refused = await ask("/peer/x", { headers });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect((await ask("/peer/x")).status).toBe(200);
    expect((await ask("/peer/x", { headers, remoteAddress: "10.0.0.8" })).status).toBe(401);
  });

  test("is refused by its handler as a problem, or with headers of its own", async () => {
    const { ask } = withRoutes();
    const refused = await ask("/peer/x", { method: "DELETE" });
    expect([refused.status, refused.body.type]).toEqual([403, "urn:tankd:problem:foreign_cluster"]);
    const slow = await ask("/peer/slow", { method: "POST" });
    expect([slow.status, slow.headers.get("retry-after")]).toEqual([429, "3"]);
    expect(slow.headers.get("content-type")).toBe("application/problem+json");
  });

  test("may have the header of forms only with the token: curl -d sends it by itself", async () => {
    const { ask, seen } = withRoutes();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const asked = { method: "POST", headers, body: '{"say":"hi"}' };
    expect((await ask("/peer/x/hello", { ...asked, token: true })).status).toBe(200);
    expect(seen[0]).toMatchObject({ controlled: true, body: { say: "hi" } });
    expect((await ask("/peer/x/hello", asked)).status).toBe(415);
    const text = { ...asked, headers: { "content-type": "text/plain" }, token: true };
    expect((await ask("/peer/x/hello", text)).status).toBe(415);
  });

  test("must be JSON, bounded, from our own origin, and by a method that is taken", async () => {
    const { ask } = withRoutes();
    const post = (headers: Record<string, string>, body = "{}") =>
      ask("/peer/x/hello", { method: "POST", headers, body });
    expect((await post({ "content-type": "text/plain" })).status).toBe(415);
    expect((await post({})).status).toBe(415);
    const json = { "content-type": "application/json" };
    expect((await post(json, "{")).status).toBe(400);
    expect((await post(json, `"${"x".repeat(LIMITS.requestBodyBytesMax)}"`)).status).toBe(413);
    expect((await post({ ...json, origin: "http://evil.example" })).status).toBe(403);
    expect((await ask("/peer/x/hello")).headers.get("allow")).toBe("POST");
  });
});

describe("the rate of changes by one address", () => {
  test("is bounded; it refills with time; reading and others are free", async () => {
    const { ask, node, seen } = withRoutes();
    const post = (remoteAddress: string) => ask("/peer/x/hello", { method: "POST", remoteAddress });
    for (let n = 0; n < LIMITS.peerRequestsBurst; n++) await post("10.0.0.9");
    expect(seen).toHaveLength(LIMITS.peerRequestsBurst);
    const refused = await post("10.0.0.9");
    expect([refused.status, refused.body.type]).toEqual([429, "urn:tankd:problem:too_many"]);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.body.retry_after_ms).toBe(5);
    expect((await post("10.0.0.8")).status).toBe(200);
    expect((await ask("/peer/x", { remoteAddress: "10.0.0.9" })).status).toBe(200);
    node.nowMs += 1000;
    for (let n = 0; n < LIMITS.peerRequestsPerSecond; n++) {
      expect((await post("10.0.0.9")).status).toBe(200);
    }
    expect((await post("10.0.0.9")).status).toBe(429);
  });
});
