import { describe, expect, test } from "bun:test";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import { type Decision, TRANSFER_PATH } from "../../../src/migration/transfer/protocol.ts";
import { forgetsDecision, forgetting } from "../forgetting.ts";
import { LoneNode, type LoneNodeOptions } from "../lone-node.ts";
import { type Asked, alive, Peer, reefAtFirst, setStatus, silence, withPeer } from "../peer.ts";

describe("without a decision", () => {
  const nothings: [string, () => PeerReply][] = [
    ["no answer", silence],
    ["429", () => ({ status: 429, body: { type: "urn:tankd:problem:too_many" } })],
    ["500", () => ({ status: 500, body: "oops" })],
    ["503", () => ({ status: 503, body: { type: "urn:tankd:problem:storage_unavailable" } })],
    ["404 of a foreign program", () => ({ status: 404, body: "<html>" })],
    ["200 of a foreign program", () => ({ status: 200, body: { ok: true } })],
  ];
  for (const [name, reply] of nothings) {
    test(`(${name}) the fish stays in escrow and the same id is tried again`, async () => {
      const { node, peer } = await withPeer();
      peer.answer = reply;
      const transferId = await node.sendOne();
      await node.run(20_000);
      expect(peer.asked.length).toBeGreaterThan(3);
      expect(new Set(peer.asked.map((asked) => asked.body.transfer_id))).toEqual(
        new Set([transferId]),
      );
      expect(node.migration.escrowCount).toBe(1);
      peer.decides("accepted");
      await node.run(30_000);
      expect((await node.migration.transfer(transferId)).state).toBe("delivered");
    });
  }

  const forgeries: Partial<Decision>[] = [
    { transfer_id: "0".repeat(32) },
    { node_id: "third" },
    { tank_id: "sea" },
    { epoch: -1 },
    { decision: "maybe" as "accepted" },
    { extra: 1 } as Partial<Decision>,
  ];
  for (const forgery of forgeries) {
    test(`a body with ${JSON.stringify(forgery)} settles nothing`, async () => {
      const { node, peer } = await withPeer();
      for (const decision of ["accepted", "refused", "aborted"] as const) {
        peer.decides(decision, forgery);
        const transferId = await node.sendOne();
        await node.run(10_000);
        expect((await node.migration.transfer(transferId)).state).toBe("in_doubt");
        peer.decides("accepted");
        await node.run(40_000);
      }
    });
  }

  test("it is in doubt, said once, and no other fish follows it", async () => {
    const { node, peer } = await withPeer();
    await node.migration.connect({
      source_tank_id: "reef",
      destination_tank_id: "lake",
      probability: 100,
      direction: "left",
    });
    await node.run(50_000);
    const [row, ...others] = await node.journal.outbox({ limit: 10 });
    expect(others).toEqual([]);
    expect(row?.state).toBe("in_doubt");
    expect(await node.events(row?.transfer_id ?? "")).toEqual([
      "initiated",
      "prepared",
      "in_doubt",
    ]);
    expect(peer.asked.every((asked) => asked.path === TRANSFER_PATH)).toBe(true);
  });

  test("it waits in escrow for as long as nobody can be reached", async () => {
    const { node, peer } = await withPeer();
    const transferId = await node.sendOne();
    await node.run(24 * 3_600_000);
    expect((await node.migration.transfer(transferId)).state).toBe("in_doubt");
    expect(await alive(node)).toEqual(["reef-2", "reef-3"]);
    expect(peer.asked.length).toBeLessThan(6000);
    const [restarted, again] = [new Peer(), new Peer()];
    restarted.decides("accepted");
    const after = await new LoneNode({ journal: node.journal, call: restarted.call }).start();
    expect((await after.migration.transfer(transferId)).state).toBe("delivered");
    await new LoneNode({ journal: node.journal, call: again.call }).start();
    expect(again.asked).toEqual([]);
  });

  test("it is asked again at once when its destination comes back", async () => {
    const { node, peer } = await withPeer({
      directory: [
        { nodeId: "here", tanks: ["reef"] },
        { nodeId: "there", tanks: ["lake"] },
      ],
    });
    const transferId = await node.sendOne();
    await node.run(50_000);
    peer.decides("accepted");
    setStatus(node, "offline");
    setStatus(node, "online");
    await node.run(0);
    expect((await node.migration.transfer(transferId)).state).toBe("delivered");
  });
});

test("a destination that comes back while it is being asked is asked again at once", async () => {
  const { node, peer } = await withPeer();
  await node.sendOne();
  await node.run(300_000);
  peer.answer = () => new Promise(() => {});
  const before = peer.asked.length;
  await node.world.runUntil(node.world.nowMs + 60_000, () => peer.asked.length > before);
  await node.run(500);
  setStatus(node, "offline");
  setStatus(node, "online");
  await node.run(600);
  expect(peer.asked.length).toBe(before + 2);
});

describe("giving up", () => {
  const isAbort = ({ path }: Asked) => path !== TRANSFER_PATH;

  test("asks for an abort after a minute; 'already have it' delivers", async () => {
    const { node, peer } = await withPeer();
    const transferId = await node.sendOne();
    await node.run(120_000);
    expect(peer.asked.at(-1)?.path).toBe(`/api/transfers/${transferId}/abort`);
    peer.decides("accepted");
    await node.run(40_000);
    expect((await node.migration.transfer(transferId)).state).toBe("delivered");
    expect(await alive(node)).toEqual(["reef-2", "reef-3"]);
  });

  test("brings the fish home only once the abort is promised", async () => {
    const { node, peer } = await withPeer();
    const transferId = await node.sendOne();
    await node.run(120_000);
    expect(await alive(node)).toEqual(["reef-2", "reef-3"]);
    peer.decides("aborted");
    await node.run(40_000);
    expect(await alive(node)).toEqual(reefAtFirst);
    expect(await node.events(transferId)).toEqual([
      "initiated",
      "prepared",
      "in_doubt",
      "aborted",
      "returned",
    ]);
  });

  test("comes at once when the destination does not know the tank", async () => {
    const { node, peer } = await withPeer();
    peer.answer = () => {
      peer.decides("aborted");
      return { status: 404, body: { type: "urn:tankd:problem:unknown_tank" } };
    };
    await node.sendOne();
    await node.run(2000);
    expect(peer.asked.map(isAbort)).toEqual([false, true]);
    expect(await alive(node)).toEqual(reefAtFirst);
  });

  test("is not helped by `stale`: it stays in escrow, with an alarm", async () => {
    const { node, peer } = await withPeer();
    peer.decides("stale");
    await node.sendOne();
    await node.run(300_000);
    expect(peer.asked.some(isAbort)).toBe(true);
    expect(node.migration.escrowCount).toBe(1);
    expect(node.errors).toEqual(["transfer disputed by its destination"]);
  });
});

describe("a late copy that arrives after the fish is home again", () => {
  async function fishAfterLateCopy(sabotage?: LoneNodeOptions["sabotage"]): Promise<string[]> {
    const there = await new LoneNode({
      tanks: ["lake"],
      ...(sabotage ? { sabotage } : {}),
    }).start();
    const { node, peer } = await withPeer();
    // The node "there" is played by another "here": its answers get their name back on the way.
    const carry = async (one: Asked): Promise<PeerReply> => {
      const reply = await (one.path === TRANSFER_PATH
        ? there.receive(one.body, "here")
        : there.abort(one.body, "here"));
      return { ...reply, body: { ...(reply.body as Decision), node_id: "there" } };
    };
    await node.sendOne();
    const [late] = peer.asked;
    await node.run(100_000);
    peer.answer = carry;
    await node.run(60_000);
    expect(await alive(node)).toEqual(reefAtFirst);
    if (late) await carry(late);
    return [...(await alive(node)), ...there.tanks.alive("lake")].filter((id) => id === "reef-1");
  }

  test("finds the tombstone", async () => {
    expect(await fishAfterLateCopy()).toEqual(["reef-1"]);
  });

  test("would double it if the abort had left none", async () => {
    const forgetful = forgetting(forgetsDecision("aborted"));
    expect(await fishAfterLateCopy(forgetful)).toEqual(["reef-1", "reef-1"]);
  });
});
