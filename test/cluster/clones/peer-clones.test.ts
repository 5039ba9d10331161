import { describe, expect, test } from "bun:test";
import { type Contact, PeerClones } from "../../../src/cluster/clones/peer-clones.ts";
import {
  CloneRefused,
  challengeNames,
  type PresenceProof,
  provePresence,
} from "../../../src/cluster/clones/presence.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { ada } from "./support-statements.ts";

const { nodeId } = ada;
const ROUTER = { host: "203.0.113.7", port: 8000 };

function contact(bootId: string, change: Partial<Contact> = {}): Contact {
  return { nodeId, bootId, addresses: [ROUTER], fenced: false, ...change };
}

/** A third node, and the starts that answer where it dials. */
function third(answering: Readonly<Record<string, string>> = {}) {
  const world = new SimulatedWorld({ seed: 1 });
  const { clock, timers } = world.addHost({ name: "n" }).boot();
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const told: PresenceProof[] = [];
  let nonces = 0;
  const prove = (bootId: string, challenge: string, uptimeMs = 60_000) =>
    provePresence(ada, { bootId, uptimeMs, fenced: false }, challenge);
  const peers = new PeerClones({
    clock,
    timers,
    table,
    log: silentLog,
    nonce: () => `nonce-${nonces++}`,
    ask: async (_, { host }, challenge) => {
      const bootId = answering[host];
      return bootId === undefined ? undefined : prove(bootId, challenge);
    },
    tell: (_nodeId, _addresses, proof) => told.push(proof),
  });
  table.ensure(nodeId);
  /** That start answers the challenge which it was sent. */
  const answer = (bootId: string, uptimeMs: number) => {
    const open = peers.challenges(nodeId) ?? [];
    const challenge = open.find((one) => !challengeNames(bootId, one));
    if (challenge) peers.witness(nodeId, prove(bootId, challenge, uptimeMs));
  };
  return { world, table, peers, told, answer, prove };
}

describe("another start of a node at the address of the earlier one", () => {
  test("has taken its place if it answers there", async () => {
    const { peers, told } = third({ [ROUTER.host]: "two" });
    void peers.admit(contact("one"));
    await peers.admit(contact("two"));
    expect(peers.counts(nodeId, "two")).toBe(true);
    expect(told).toEqual([]);
  });

  test("counts once it alone has answered, where nobody can be dialled", async () => {
    const { world, peers, answer } = third();
    void peers.admit(contact("one"));
    void peers.admit(contact("two"));
    expect(peers.counts(nodeId, "two")).toBe(false);
    answer("two", 1_000);
    await world.run(6_000);
    expect(peers.counts(nodeId, "two")).toBe(true);
    expect(peers.challenges(nodeId)).toBeUndefined();
  });

  test("is refused if the earlier answers too, even if its node has left the table", async () => {
    const { world, table, peers, told, answer } = third();
    void peers.admit(contact("one"));
    const examined = peers.admit(contact("two"));
    answer("two", 1_000);
    answer("one", 60_000);
    await world.run(100);
    await examined;
    expect(told.map(({ boot_id }) => boot_id)).toEqual(["one"]);
    expect(() => peers.admit(contact("two"))).toThrow(CloneRefused);
    expect(() => peers.heard(nodeId, "two")).toThrow(CloneRefused);
    expect(() => peers.heard(nodeId, "one")).not.toThrow();
    table.forget(nodeId);
    table.ensure(nodeId);
    expect(() => peers.admit(contact("two"))).toThrow(CloneRefused);
  });

  test("changes nothing when neither answers: it may be old words that come late", async () => {
    const { world, peers, prove } = third();
    void peers.admit(contact("one"));
    void peers.admit(contact("past"));
    peers.witness(nodeId, prove("past", "one.nonce-of-another-day"));
    await world.run(6_000);
    expect(peers.counts(nodeId, "one")).toBe(true);
    expect(peers.counts(nodeId, "past")).toBe(false);
  });
});

test("only so many nodes are examined at a time; the others are asked to shake hands again", () => {
  const { table, peers } = third();
  const ids = Array.from({ length: LIMITS.examinationsMax + 1 }, (_, index) => `node-${index}`);
  for (const id of ids) {
    table.ensure(id);
    void peers.admit(contact("one", { nodeId: id }));
    void peers.admit(contact("two", { nodeId: id }));
  }
  const examined = ids.filter((id) => peers.challenges(id) !== undefined);
  expect(examined).toHaveLength(LIMITS.examinationsMax);
  expect(() => peers.heard("node-0", "two")).not.toThrow();
  expect(() => peers.heard(ids.at(-1) ?? "", "two")).toThrow("repeat the handshake");
});
