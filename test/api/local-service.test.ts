import { expect, test } from "bun:test";
import { z } from "zod";
import { localService } from "../../src/api/local-service.ts";
import { createService } from "../../src/api/service.ts";
import { Viewers } from "../../src/api/viewers.ts";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { signRequest } from "../../src/cluster/identity/signature.ts";
import type { PeerRoute } from "../../src/cluster/peer-route.ts";
import type { Bearer } from "../../src/cluster/tunnel/incoming-tunnels.ts";
import {
  type RelayedRequest,
  relayedReplySchema,
  relayedRequestSchema,
} from "../../src/cluster/tunnel/messages.ts";
import { Problem } from "../../src/platform/errors.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { NO_RELAYS } from "../support/simulated/no-relays.ts";
import { NODE_ID } from "./fake-records.ts";
import { FakeNode, TOKEN } from "./fakes.ts";

const SOURCE = "10.0.0.9";
const PEER = identityFromSeed(new Uint8Array(32).fill(7));

/** A node's API, for its own port and for what is passed on to it. */
function served(relays = NO_RELAYS) {
  const node = new FakeNode();
  node.relays = relays;
  const route = (method: PeerRoute["method"], path: string): PeerRoute => ({
    method,
    path,
    summary: path,
    response: z.looseObject({}),
    handle: async ({ controlled, remoteAddress }) => ({
      status: 200,
      body: { controlled, remoteAddress },
    }),
  });
  node.peerRoutes = [
    route("POST", "/peer/change"),
    route("POST", "/api/cluster/relay/{node_id}"),
    route("POST", "/api/cluster/forward"),
  ];
  const logged: string[] = [];
  const context = { ...node.context() };
  const log = { ...context.log, error: (message: string) => void logged.push(message) };
  const viewers = new Viewers(context, () => {});
  const fetch = createService({ ...context, log }, { viewers });
  const { answer } = localService({ ...context, log }, fetch, viewers);
  const post = async (path: string) => {
    const headers = { host: "127.0.0.1:8000" };
    const request = new Request(`http://127.0.0.1:8000${path}`, { method: "POST", headers });
    const bindings = { remoteAddress: SOURCE, patient: () => {}, upgrade: () => false };
    return (await fetch(request, bindings)).status;
  };
  return { answer, post, logged, context };
}

function request(more: Partial<RelayedRequest> = {}): RelayedRequest {
  return { method: "POST", path: "/peer/change", headers: {}, body: "", ...more };
}

function signedFor(audience: string, parts: Omit<RelayedRequest, "headers">) {
  const { clock } = new FakeNode().context();
  const random = { bytes: (n: number) => new Uint8Array(n), unit: () => 0 };
  const options = { audience, isUnbound: true };
  return signRequest(PEER, { ...parts, authority: "a" }, clock, random, options);
}

test("what is passed on does not cost the node that brings it its own heartbeats", async () => {
  const { answer, post } = served();
  for (let n = 0; n < LIMITS.peerRequestsBurst; n++) await answer(request(), SOURCE);
  expect((await answer(request(), SOURCE)).status).toBe(429);
  expect(await post("/peer/change")).toBe(200);
  // Nor do the envelopes, of either kind, in which it brings them.
  expect(await post("/api/cluster/relay/x")).toBe(429);
  for (let n = 1; n < LIMITS.peerRequestsBurst; n++) await post("/peer/change");
  expect(await post("/peer/change")).toBe(429);
});

test("what another node reads through a relay is not signed for anew", async () => {
  const { answer } = served();
  const parts = { method: "GET" as const, path: "/api/tanks/tank-1", body: "" };
  expect((await answer({ ...parts, headers: signedFor(NODE_ID, parts) }, SOURCE)).status).toBe(200);
});

test("what has been passed on, and is meant for a third node, says so", async () => {
  const bearers: Bearer[] = [];
  const { answer } = served({
    ...NO_RELAYS,
    passOn: async (_nodeId, _wire, bearer) => {
      bearers.push(bearer);
      throw new Problem("misdirected", "no further");
    },
  });
  const parts = { method: "POST" as const, path: "/peer/change", body: "" };
  expect((await answer({ ...parts, headers: signedFor("node-z", parts) }, SOURCE)).status).toBe(
    421,
  );
  expect(bearers).toEqual([{ signer: undefined, remoteAddress: SOURCE, isPassedOn: true }]);
});

test("no control token comes through a relay, and no loopback", async () => {
  const { answer } = served();
  const told = relayedRequestSchema.parse({
    ...request(),
    headers: { authorization: `Bearer ${TOKEN}`, "x-forwarded-for": "127.0.0.1", cookie: "a=b" },
  });
  expect(told.headers).toEqual({});
  expect(JSON.parse((await answer(told, SOURCE)).body)).toEqual({
    controlled: false,
    remoteAddress: SOURCE,
  });
  const create = request({ path: "/api/tanks", body: '{"name":"x"}' });
  expect((await answer(create, SOURCE)).status).toBe(401);
});

test("a request that no HTTP library makes is refused, and is no bug in the log", async () => {
  const { answer, logged } = served();
  const odd = request({ method: "GET", path: "/health", body: "a body" });
  expect((await answer(odd, SOURCE)).status).toBe(200);
  for (const path of ["/", "//x", "/\u0000", "/\ud800", "/%", "/..//../", "/health#x", "/?"]) {
    await answer(request({ method: "GET", path }), SOURCE);
  }
  expect(logged).toEqual([]);
  const headers = { accept: "a\r\nset-cookie: b" };
  expect(relayedRequestSchema.safeParse({ ...request(), headers }).success).toBe(false);
});

test("of an answer that is too long no more is read than may be passed on", async () => {
  const { context } = served();
  let pulled = 0;
  let isCancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => {
      pulled += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  const { answer } = localService(
    context,
    () => new Response(endless),
    new Viewers(context, () => {}),
  );
  const reply = await answer(request({ method: "GET", path: "/api/tanks" }), SOURCE);
  expect([reply.status, JSON.parse(reply.body).detail]).toEqual([
    502,
    "The answer is too long to be relayed.",
  ]);
  expect(isCancelled).toBe(true);
  expect(pulled).toBeLessThan(2 * LIMITS.peerResponseBytesMax);
});

test("an answer sets no headers of the node that passes it on, and has a body", () => {
  const reply = { status: 200, headers: { "retry-after": "1" }, body: "{}" };
  const isTaken = (more: object) => relayedReplySchema.safeParse({ ...reply, ...more }).success;
  expect(isTaken({})).toBe(true);
  for (const name of ["set-cookie", "location", "content-length", "access-control-allow-origin"]) {
    expect(isTaken({ headers: { [name]: "1" } })).toBe(false);
  }
  expect(isTaken({ headers: { "retry-after": "1\r\nset-cookie: a" } })).toBe(false);
  for (const status of [100, 204, 205, 304, 600]) expect(isTaken({ status })).toBe(false);
});
