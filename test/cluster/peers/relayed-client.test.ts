import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { signReply } from "../../../src/cluster/identity/proof.ts";
import { createVerifier, nonceIn, verifyRequest } from "../../../src/cluster/identity/signature.ts";
import { PeerClient } from "../../../src/cluster/peers/peer-client.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import {
  PROOF_HEADER,
  type Relay,
  type RelayedReply,
} from "../../../src/cluster/tunnel/messages.ts";
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
  const startClock = { nowMs: () => START_CLOCK_MS + clock.monotonicMs() };
  const verdict = (nodeId: string) =>
    verifyRequest(parts, headers, createVerifier(nodeId, clock, { startClock }));
  expect(verdict(pi.nodeId)).toMatchObject({ kind: "signed", nodeId: us.nodeId });
  expect(verdict(relay.nodeId)).toEqual({ kind: "misdirected", audience: pi.nodeId });
  expect(headers).not.toHaveProperty("authorization");
});
