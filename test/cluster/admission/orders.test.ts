import { describe, expect, test } from "bun:test";
import { membershipTag } from "../../../src/cluster/admission/membership-tag.ts";
import {
  type Order,
  OrderLost,
  type OrderPorts,
  Orders,
} from "../../../src/cluster/admission/orders.ts";
import { type Identity, identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { bearsProof } from "../../../src/cluster/identity/proof.ts";
import { signRequest } from "../../../src/cluster/identity/signature.ts";
import type { PeerRequest } from "../../../src/cluster/peer-route.ts";
import { problemCodeOf } from "../../../src/cluster/problem-code.ts";
import { NetworkError, type NetworkFailure } from "../../../src/platform/network.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";

const encoder = new TextEncoder();
const SECRET = encoder.encode("sixteen bytes of a secret");
const OTHER = encoder.encode("another secret of the same kind");
const CREATE: Order = { method: "POST", path: "/api/tanks", body: { name: "reef" } };

const giver = identityFromSeed(new Uint8Array(32).fill(1));
const taker = identityFromSeed(new Uint8Array(32).fill(2));
const describeNode = (id: string) => ({ label: `label of ${id}`, url: "http://10.0.0.2:8000" });

/** Two nodes; what the second has done. */
function pair(takerSecret: Uint8Array | undefined) {
  const done: string[] = [];
  const receiver = new Orders({ ...ports(taker, takerSecret), call: asksNobody });
  receiver.obeyWith(async ({ method, path }, signer) => {
    done.push(`${method} ${path} of ${signer}`);
    return { status: 201, headers: {}, body: '{"made":true}' };
  });
  const call: OrderPorts["call"] = (_to, _path, body) => receiver.receive(request(body));
  return { sender: new Orders({ ...ports(giver, SECRET), call }), receiver, done };
}

function ports(identity: Identity, secret: Uint8Array | undefined) {
  return { identity, secret: () => secret, describe: describeNode };
}

function asksNobody(): Promise<never> {
  return Promise.reject(new Error("asked"));
}

function request(body: unknown, signer = giver.nodeId): PeerRequest {
  return {
    params: {},
    query: {},
    body,
    signer,
    signerKey: undefined,
    controlled: false,
    remoteAddress: "10.0.0.1",
  };
}

describe("orders of one node to another", () => {
  test("are obeyed under a common secret, and the answer is that of the route", async () => {
    const { sender, done } = pair(SECRET);
    const reply = await sender.give(taker.nodeId, CREATE);
    expect([reply.status, reply.body]).toEqual([201, { made: true }]);
    expect(done).toEqual([`POST /api/tanks of ${giver.nodeId}`]);
  });

  test("are refused as not_trusted under another secret, or none; the fix is named", async () => {
    for (const takerSecret of [OTHER, undefined]) {
      const { sender, done } = pair(takerSecret);
      const reply = await sender.give(taker.nodeId, CREATE);
      expect([reply.status, problemCodeOf(reply)]).toEqual([403, "not_trusted"]);
      expect(JSON.stringify(reply.body)).toContain("--secret-file");
      expect(JSON.stringify(reply.body)).toContain("http://10.0.0.2:8000");
      expect(done).toEqual([]);
    }
  });

  test("are not even sent by a node without a secret", async () => {
    const sender = new Orders({ ...ports(giver, undefined), call: asksNobody });
    expect(sender.mayGive).toBe(false);
    expect(sender.give(taker.nodeId, CREATE)).rejects.toMatchObject({ code: "not_trusted" });
  });

  test("of another signer than the one that the proof names are refused", async () => {
    const { receiver, done } = pair(SECRET);
    const sent = { ...CREATE, member: membershipTag(SECRET, giver.nodeId) };
    const reply = await receiver.receive(request(sent, "some-other-node"));
    expect(problemCodeOf(reply)).toBe("not_trusted");
    const unsigned = { ...request(sent), signer: undefined };
    expect(receiver.receive(unsigned)).rejects.toMatchObject({ code: "bad_signature" });
    expect(done).toEqual([]);
  });

  test("cover tanks and connections, and nothing of the node itself", async () => {
    const { sender, done } = pair(SECRET);
    const orders: Order[] = [
      { method: "POST", path: "/api/cluster/leave" },
      { method: "POST", path: "/api/cluster/orders", body: {} },
      { method: "POST", path: "/api/tanks/import" },
      { method: "POST", path: "/api/doctor" },
      { method: "POST", path: "/api/tanks/a/../../cluster/leave" },
      { method: "DELETE", path: "/api/tanks?x=1" },
    ];
    for (const order of orders) {
      const reply = await sender.give(taker.nodeId, order);
      expect([order.path, problemCodeOf(reply)]).toEqual([order.path, "bad_request"]);
    }
    expect(done).toEqual([]);
  });

  test("are answered with the proof of the one who obeyed, refusals too", async () => {
    const { receiver } = pair(SECRET);
    const { clock, random } = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();
    const body = JSON.stringify({ ...CREATE, member: "wrong" });
    const plain = { method: "POST", authority: "b", path: "/api/cluster/orders", body };
    const headers = signRequest(giver, plain, clock, random, { audience: taker.nodeId });
    const wire = { ...plain, headers };
    const reply = await receiver.receive({ ...request(JSON.parse(body)), wire });
    const answer = {
      status: reply.status,
      body: JSON.stringify(reply.body),
      headers: reply.headers ?? {},
    };
    expect(reply.status).toBe(403);
    expect(bearsProof(taker.publicKey, taker.nodeId, wire, answer)).toBe(true);
    const forged = { ...answer, body: '{"made":true}' };
    expect(bearsProof(taker.publicKey, taker.nodeId, wire, forged)).toBe(false);
  });

  test.each<[NetworkFailure, boolean]>([
    ["refused", false],
    ["unconnected", false],
    ["timeout", true],
  ])("without an answer (%s) say whether they may have been executed", async (failure, may) => {
    const call = () => Promise.reject(new NetworkError(failure, "no answer"));
    const sender = new Orders({ ...ports(giver, SECRET), call });
    const lost = await sender.give(taker.nodeId, CREATE).catch((error: unknown) => error);
    expect(lost).toBeInstanceOf(OrderLost);
    expect(lost).toMatchObject({ code: "unreachable", mayHaveArrived: may });
  });
});
