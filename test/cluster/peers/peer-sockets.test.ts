import { expect, test } from "bun:test";
import { ANSWERED_BY, answeredBy, answerer } from "../../../src/cluster/answered-by.ts";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { PROOF_HEADER, replyProof } from "../../../src/cluster/identity/proof.ts";
import { createVerifier, verifyRequest } from "../../../src/cluster/identity/signature.ts";
import { PeerSockets } from "../../../src/cluster/peers/peer-sockets.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { type SocketRequest, SWITCHING_PROTOCOLS } from "../../../src/platform/sockets.ts";

const us = identityFromSeed(new Uint8Array(32).fill(1));
const host = identityFromSeed(new Uint8Array(32).fill(2));
const another = identityFromSeed(new Uint8Array(32).fill(3));
const ADDRESS = { host: "tanks.example", port: 8000, connectTo: "10.0.0.2" };
const OWNER = answerer("owner", host.nodeId);
const LISTENER = { onMessage: () => {}, onClose: () => {} };

/** What the host is asked for when somebody watches a tank of it. */
async function asked(answeredBy?: string, seed = 1) {
  const process = new SimulatedWorld({ seed }).addHost({ name: "a" }).boot();
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const requests: SocketRequest[] = [];
  const sockets = {
    connect: async (request: SocketRequest) => {
      requests.push(request);
      return { send: () => {}, waitingBytes: 0, close: () => {} };
    },
  };
  const made = new PeerSockets({ identity: us, ...process, sockets }, table);
  const wish = {
    path: "/ws/tank",
    headers: { "x-own": "1" },
    timeoutMs: 1_000,
    messageBytesMax: 10,
    ...(answeredBy === undefined ? {} : { answeredBy }),
  };
  const connect = () => made.connect({ nodeId: host.nodeId, address: ADDRESS }, wish, LISTENER);
  await expect(connect()).rejects.toThrow("is not known");
  table.ensure(host.nodeId);
  const { publicKey } = host;
  const key = { publicKey, clockOffsetMs: 0, startOffsetMs: undefined, takesUnbound: true };
  table.update(host.nodeId, { key });
  await connect();
  const [request] = requests;
  if (request === undefined) throw new Error("nobody was asked");
  return { ...request, clock: process.clock };
}

/** The headers of an answer that takes it. */
function taking({ path, headers }: SocketRequest, by: typeof us, said = "") {
  const request = { method: "GET", path, headers, body: "" };
  return replyProof(by, request, { status: SWITCHING_PROTOCOLS, body: said });
}

test("a WebSocket to a node is signed for it, under any name", async () => {
  const { clock, ...request } = await asked(OWNER);
  expect(request).toMatchObject({
    origin: "http://tanks.example:8000",
    connectTo: "10.0.0.2",
    path: "/ws/tank",
    headers: { "x-own": "1" },
    timeoutMs: 1_000,
    messageBytesMax: 10,
  });
  const parts = { method: "GET", authority: "any.name", path: request.path, body: "" };
  const verdict = verifyRequest(parts, request.headers, createVerifier(host.nodeId, clock));
  expect(verdict).toMatchObject({ kind: "signed", nodeId: us.nodeId });
});

test("it is open only with the node's proof that it has taken this one", async () => {
  const request = await asked();
  const isTaken = (headers: Readonly<Record<string, string>>) => request.isTaken?.(headers);
  expect(isTaken(taking(request, host))).toBe(true);
  expect(isTaken({})).toBe(false);
  expect(isTaken({ [PROOF_HEADER]: "A".repeat(86) })).toBe(false);
  expect(isTaken(taking(request, another))).toBe(false);
  expect(isTaken(taking(await asked(undefined, 2), host))).toBe(false);
  expect(isTaken(taking({ ...request, path: "/ws/other" }, host))).toBe(false);
});

test("what its answer says of who shows the tank is proven with it", async () => {
  const request = await asked(OWNER);
  const isTaken = (headers: Readonly<Record<string, string>>) => request.isTaken?.(headers);
  const owner = answeredBy("owner", host.nodeId);
  expect(isTaken({ ...taking(request, host, OWNER), ...owner })).toBe(true);
  expect(isTaken(taking(request, host, OWNER))).toBe(false);
  expect(isTaken({ ...taking(request, host), ...owner })).toBe(false);
  const other = answerer("owner", another.nodeId);
  expect(isTaken({ ...taking(request, host, other), ...owner })).toBe(false);
  expect(isTaken({ ...taking(request, host, other), [ANSWERED_BY]: other })).toBe(false);
});
