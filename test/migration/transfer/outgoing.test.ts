import { describe, expect, test } from "bun:test";
import { TRANSFER_PATH } from "../../../src/migration/transfer/protocol.ts";
import { NO_POSITIONS } from "../../support/simulated/no-positions.ts";
import type { FakeCall } from "../fake-cluster.ts";
import { LoneNode } from "../lone-node.ts";
import { alive, reefAtFirst, setStatus, silence, tooMany, withPeer } from "../peer.ts";

/** Each is the end of a pair of tanks of its own. */
const LAKES = Array.from({ length: 20 }, (_, n) => `lake-${n}`);

describe("a fish that leaves", () => {
  test("is in escrow, on disk, before it is offered", async () => {
    const { node, peer } = await withPeer();
    let rowWhenAsked: unknown;
    peer.answer = async ({ body }) => {
      rowWhenAsked ??= await node.journal.outboxRow(body.transfer_id);
      return silence();
    };
    const transferId = await node.sendOne();
    expect(rowWhenAsked).toMatchObject({ transfer_id: transferId, state: "pending", sequence: 1 });
    expect(await alive(node)).toEqual(["reef-2", "reef-3"]);
    expect(node.migration.escrowCount).toBe(1);
  });

  test("stays where it is, unasked for, when the disk is full", async () => {
    const { node, peer } = await withPeer();
    await node.migration.connect({
      source_tank_id: "reef",
      destination_tank_id: "lake",
      probability: 100,
      direction: "left",
    });
    node.journal.fault = "disk full";
    await node.run(20_000);
    expect(peer.asked).toEqual([]);
    expect(await alive(node)).toEqual(reefAtFirst);
    expect(node.migration.escrowCount).toBe(0);
  });

  test("is not offered again before its destination wants it to be", async () => {
    const { node, peer } = await withPeer();
    peer.answer = () => ({ ...tooMany, headers: { "retry-after": "25" } });
    await node.sendOne();
    await node.run(20_000);
    expect(peer.asked).toHaveLength(1);
    await node.run(10_000);
    expect(peer.asked).toHaveLength(2);
  });

  test("is offered again all the same, however long its destination wants it to wait", async () => {
    const { node, peer } = await withPeer();
    peer.answer = () => ({ ...tooMany, headers: { "retry-after": "999999" } });
    await node.sendOne();
    await node.run(310_000);
    expect(peer.asked).toHaveLength(2);
  });

  test("shows its destination how far both are known to have come", async () => {
    const paths: string[] = [];
    const call: FakeCall = async (_, path) => {
      paths.push(path);
      return silence();
    };
    const node = await new LoneNode({ call }).start();
    node.cluster.positions = {
      ...NO_POSITIONS,
      statement: () => "7.here.words",
      remembered: (nodeId) => `9.${nodeId}.words`,
    };
    await node.sendOne();
    expect(paths[0]).toBe(`${TRANSFER_PATH}?position=7.here.words&remembered=9.there.words`);
  });

  test("is delivered when its destination has accepted it", async () => {
    const { node, peer } = await withPeer();
    peer.decides("accepted");
    const transferId = await node.sendOne();
    expect(await node.migration.transfer(transferId)).toMatchObject({
      state: "delivered",
      direction: "out",
      attempts: 1,
      source_server_id: "server of here",
      destination_server_id: "server of there",
      events: [{ event: "initiated" }, { event: "prepared" }, { event: "committed" }],
    });
    expect(node.migration.escrowCount).toBe(0);
    expect(await alive(node)).toEqual(["reef-2", "reef-3"]);
  });

  test("comes back unchanged, once, when it is refused; a full tank does not stop it", async () => {
    const { node, peer } = await withPeer({ capacity: () => 0 });
    peer.decides("refused", { reason: "tank_full" });
    const transferId = await node.sendOne();
    expect(await alive(node)).toEqual(reefAtFirst);
    expect(await node.journal.outboxRow(transferId)).toMatchObject({
      state: "returned",
      reason: "tank_full",
    });
    expect(await node.events(transferId)).toEqual(["initiated", "prepared", "returned"]);
    const restarted = await new LoneNode({ journal: node.journal, call: peer.call }).start();
    await restarted.run(60_000);
    expect(await alive(restarted)).toEqual(reefAtFirst);
  });

  test("comes back as soon as the disk takes it; its destination is not asked again", async () => {
    const { node, peer } = await withPeer();
    peer.answer = (asked) => {
      node.journal.fault = "disk full";
      peer.decides("refused", { reason: "tank_full" });
      return peer.answer(asked);
    };
    const { connection_id } = await node.migration.connect({
      source_tank_id: "reef",
      destination_tank_id: "lake",
      probability: 100,
      direction: "left",
    });
    await node.run(20_000);
    expect(await alive(node)).toEqual(["reef-2", "reef-3"]);
    node.journal.fault = undefined;
    await node.migration.disconnect(connection_id);
    await node.run(60_000);
    expect(await alive(node)).toEqual(reefAtFirst);
    expect(peer.asked).toHaveLength(1);
  });
});

describe("every transfer", () => {
  test("is numbered by its pair of tanks and tells the lowest undecided one", async () => {
    const { node: before, peer } = await withPeer();
    peer.answer = () => tooMany;
    await before.sendOne();
    await before.migration.stop();
    await before.copyOpen(3);
    const alone = { call: peer.call, quotas: { perBatch: 1 } };
    const node = await new LoneNode({ journal: before.journal, ...alone }).start();
    await node.run(10_000);
    const bySequence = new Map(peer.asked.map(({ body }) => [body["sequence"], body]));
    expect([...bySequence.keys()]).toEqual([1, 2, 3]);
    expect(bySequence.get(3)).toMatchObject({ lowest_undecided: 1 });
    const first = bySequence.get(1)?.transfer_id;
    peer.answer = (asked) => {
      if (asked.body.transfer_id !== first) return tooMany;
      peer.decides("accepted");
      const reply = peer.answer(asked);
      peer.answer = () => tooMany;
      return reply;
    };
    await node.run(30_000);
    peer.asked.length = 0;
    const restarted = await new LoneNode({ journal: node.journal, ...alone }).start();
    await restarted.run(2000);
    const last = peer.asked.find(({ body }) => body["sequence"] === 3);
    expect(last?.body).toMatchObject({ lowest_undecided: 2 });
  });

  test("settled, or never committed, holds the lowest undecided one back no more", async () => {
    const { node, peer } = await withPeer();
    const lowest = () => peer.asked.at(-1)?.body;
    peer.decides("accepted");
    await node.sendOne();
    const { connection_id } = await node.migration.connect({
      source_tank_id: "reef",
      destination_tank_id: "lake",
      probability: 100,
      direction: "left",
    });
    node.journal.fault = "disk full";
    await node.run(4000);
    node.journal.fault = undefined;
    await node.migration.disconnect(connection_id);
    await node.sendOne();
    expect(lowest()?.["lowest_undecided"]).toBe(lowest()?.["sequence"]);
    expect(lowest()?.["sequence"]).toBeGreaterThan(1);
  });

  test("is asked again when the destination holds the connection and says nothing", async () => {
    const { node, peer } = await withPeer();
    peer.answer = () => new Promise(() => {});
    await node.sendOne();
    await node.run(10_000);
    expect(peer.asked.length).toBeGreaterThan(2);
  });

  test("passes by those that wait for another node", async () => {
    const { node, peer } = await withPeer({
      directory: [
        { nodeId: "here", tanks: ["reef", "pond"] },
        { nodeId: "there", tanks: LAKES },
        { nodeId: "yonder", tanks: ["sea"] },
      ],
    });
    await node.fill("reef", 20);
    peer.answer = () => tooMany;
    for (const lake of LAKES.slice(0, 10)) await node.sendOne(lake);
    await node.sendOne("sea");
    await node.migration.stop();
    peer.asked.length = 0;
    peer.answer = () => new Promise(() => {});
    const alone = { call: peer.call, quotas: { perBatch: 1 } };
    await new LoneNode({ journal: node.journal, ...alone }).start();
    expect(peer.asked.map((one) => one.nodeId)).toEqual([...Array(8).fill("there"), "yonder"]);
  });

  test("keeps its destination though the connection has found another one", async () => {
    const { node, peer } = await withPeer({
      autoConnect: true,
      directory: [
        { nodeId: "here", tanks: ["reef"] },
        { nodeId: "there", tanks: ["lake"] },
        { nodeId: "yonder", tanks: ["sea"] },
      ],
    });
    while ((await node.journal.openOutbox()).length === 0) await node.run(2000);
    setStatus(node, "offline");
    await node.run(40_000);
    expect(node.migration.connections()).toMatchObject([{ destination_node_id: "yonder" }]);
    const [first] = peer.asked;
    const same = peer.asked.filter((one) => one.body.transfer_id === first?.body.transfer_id);
    expect(new Set(same.map((one) => one.nodeId))).toEqual(new Set(["there"]));
    expect(same.length).toBeGreaterThan(1);
  });

  test("between two tanks of one node goes the same way", async () => {
    const node = await new LoneNode({ tanks: ["reef", "pond"] }).start();
    const transferId = await node.sendOne("pond");
    expect(await node.events(transferId)).toEqual([
      "initiated",
      "prepared",
      "accepted",
      "committed",
    ]);
    expect(await node.journal.inboxRow("here", transferId)).toMatchObject({ decision: "accepted" });
    expect(node.tanks.alive("pond")).toContain("reef-1");
    expect(await alive(node)).toEqual(["reef-2", "reef-3"]);
  });
});

describe("stopping", () => {
  test("ends all waiting; a new start takes up the open transfers", async () => {
    const { node, peer } = await withPeer();
    const transferId = await node.sendOne();
    await node.migration.stop();
    const asked = peer.asked.length;
    await node.run(600_000);
    expect(peer.asked).toHaveLength(asked);
    peer.decides("refused", { reason: "tank_full" });
    const again = await new LoneNode({ journal: node.journal, call: peer.call }).start();
    await again.run(1000);
    expect((await again.migration.transfer(transferId)).state).toBe("returned");
    expect(await alive(again)).toEqual(reefAtFirst);
  });
});
