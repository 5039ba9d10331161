import { describe, expect, test } from "bun:test";
import { nonceIn } from "../../../src/cluster/identity/http-signature.ts";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { PROOF_HEADER, replyProof, signReply } from "../../../src/cluster/identity/proof.ts";
import { createVerifier, verifyRequest } from "../../../src/cluster/identity/signature.ts";
import { PeerClient } from "../../../src/cluster/peers/peer-client.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import type { Relay, RelayedReply } from "../../../src/cluster/tunnel/messages.ts";
import type { HttpRequest } from "../../../src/platform/network.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { noMetrics } from "../../../src/telemetry/metrics.ts";

const us = identityFromSeed(new Uint8Array(32).fill(1));
const pi = identityFromSeed(new Uint8Array(32).fill(2));
const relay = identityFromSeed(new Uint8Array(32).fill(3));
/** What the node's start clock shows more than its monotonic one. */
const START_CLOCK_MS = 2e14;

/** A client that reaches the Pi through a tunnel that ends here, whose answers the test gives. */
function client(answer: (asked: Relay) => RelayedReply) {
  const process = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const made = new PeerClient({
    identity: us,
    ...process,
    metrics: noMetrics,
    table,
    onCloneProof: () => {},
  });
  made.tunnels = { holds: () => true, ask: async (_, asked) => answer(asked) };
  table.ensure(pi.nodeId);
  table.update(pi.nodeId, {
    key: {
      publicKey: pi.publicKey,
      clockOffsetMs: 0,
      startOffsetMs: START_CLOCK_MS,
      takesUnbound: true,
    },
    relay: us.nodeId,
  });
  const send = () => made.send(pi.nodeId, "POST", "/p", { a: 1 }, { timeoutMs: 100 });
  return { send, table, clock: process.clock };
}

function proven(asked: Relay, body: string, by = pi): RelayedReply {
  const nonce = nonceIn(asked.request.headers) ?? "";
  const proof = signReply(by, { request: asked.request, nonce, status: 200, body });
  return { status: 200, headers: { [PROOF_HEADER]: proof }, body };
}

describe("an answer that came through a relay", () => {
  test("is believed with the node's own proof of it", async () => {
    const { send } = client((asked) => proven(asked, '{"b":2}'));
    expect(await send()).toMatchObject({ status: 200, body: { b: 2 } });
  });

  const forged: readonly (readonly [string, (asked: Relay) => RelayedReply])[] = [
    ["without a proof", () => ({ status: 200, headers: {}, body: "{}" })],
    ["with another body", (asked) => ({ ...proven(asked, '{"b":2}'), body: '{"b":3}' })],
    ["with another status", (asked) => ({ ...proven(asked, "{}"), status: 404 })],
    ["proven by the relay", (asked) => proven(asked, "{}", relay)],
    [
      "to a question that the relay has asked under the same nonce",
      (asked) => {
        const { headers } = asked.request;
        const request = { method: "GET", path: "/api/tanks", headers, body: "" } as const;
        return proven({ request, timeout_ms: 1 }, "{}");
      },
    ],
    [
      "to another request",
      () => {
        const headers = { "signature-input": "x" };
        const request = { method: "POST", path: "/p", headers, body: "" } as const;
        return proven({ request, timeout_ms: 1 }, "{}");
      },
    ],
  ];
  test.each(forged)("%s is no answer", async (_, answer) => {
    const { send, table } = client(answer);
    expect(send()).rejects.toThrow("is not proven");
    await Promise.resolve();
    await send().catch(() => {});
    // It begins with a handshake the next time.
    expect(table.get(pi.nodeId)).toMatchObject({ key: undefined, relay: undefined });
  });
});

test("what a relay is given to pass on is valid only for the node it is meant for", async () => {
  let seen: Relay | undefined;
  const { send, clock } = client((asked) => {
    seen = asked;
    return proven(asked, "{}");
  });
  await send();
  if (seen === undefined) throw new Error("nothing was passed on");
  const { method, path, headers, body } = seen.request;
  const parts = { method, path, body, authority: "any.name.at.all" };
  const own = { startOffsetMs: START_CLOCK_MS };
  const verdict = (nodeId: string) =>
    verifyRequest(parts, headers, createVerifier(nodeId, clock, own));
  expect(verdict(pi.nodeId)).toMatchObject({ kind: "signed", nodeId: us.nodeId });
  const { nodeId } = us;
  expect(verdict(relay.nodeId)).toEqual({ kind: "misdirected", audience: pi.nodeId, nodeId });
  expect(headers).not.toHaveProperty("authorization");
});

describe("an answer over one's own connection that must be proven", () => {
  type Answer = Omit<RelayedReply, "headers"> & { readonly headers: Record<string, string> };

  /** A client that dials the Pi, where somebody answers. */
  function dialling(answer: (request: HttpRequest, times: number) => Answer) {
    const process = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();
    const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
    let times = 0;
    const made = new PeerClient({
      identity: us,
      ...process,
      network: {
        ...process.network,
        send: async (request) => answer(request, ++times),
      },
      metrics: noMetrics,
      table,
      onCloneProof: () => {},
    });
    made.renew = async () => true;
    table.ensure(pi.nodeId);
    table.noteWorked(pi.nodeId, { host: "10.0.0.2", port: 8000 }, 0);
    const { publicKey } = pi;
    const key = { publicKey, clockOffsetMs: 0, startOffsetMs: undefined, takesUnbound: true };
    table.update(pi.nodeId, { key });
    const read = (options = {}) =>
      made.send(pi.nodeId, "GET", "/x", undefined, { timeoutMs: 100, ...options });
    return {
      read: (options = {}) => read({ mustBeProven: true, ...options }),
      readAnything: () => read(),
      times: () => times,
    };
  }

  const provenBy =
    (by: typeof pi) =>
    ({ method, path, headers }: HttpRequest): Answer => {
      const answer = { status: 404, body: '{"b":2}' };
      return { ...answer, headers: replyProof(by, { method, path, headers, body: "" }, answer) };
    };
  const plain = (status: number, body = "{}") => ({ status, body, headers: {} });

  test("is believed with its proof, whatever it says, and not without", async () => {
    expect(await dialling(provenBy(pi)).read()).toMatchObject({ status: 404, body: { b: 2 } });
    for (const answer of [provenBy(relay), () => plain(200), () => plain(503)]) {
      const { read, readAnything } = dialling(answer);
      await expect(read()).rejects.toMatchObject({ failure: "unreachable" });
      // Most routes refuse by themselves what is not meant for them.
      expect(await readAnything()).toMatchObject({ status: expect.any(Number) });
    }
  });

  test("says nothing against the node where there was no room for the question", async () => {
    await expect(dialling(() => plain(429)).read()).rejects.toMatchObject({ failure: "busy" });
  });

  test("is asked for once more where another node says that it is not meant", async () => {
    const misdirected = JSON.stringify({ type: "urn:tankd:problem:misdirected" });
    const { read } = dialling((request, times) =>
      times === 1 ? plain(421, misdirected) : provenBy(pi)(request),
    );
    expect(await read()).toMatchObject({ status: 404, body: { b: 2 } });
    for (const [options, times] of [
      [{}, 2],
      [{ isOnce: true }, 1],
    ] as const) {
      const never = dialling(() => plain(421, misdirected));
      expect(await never.read(options)).toMatchObject({ status: 421 });
      expect(never.times()).toBe(times);
    }
  });
});
