import { describe, expect, test } from "bun:test";
import type { HandDecision, HandTransfer } from "../../src/migration/by-hand.ts";
import { Problem } from "../../src/platform/errors.ts";
import { type LoneNode, transferOf } from "./lone-node.ts";
import { alive, reefAtFirst, setStatus, silence, withPeer } from "./peer.ts";

const ORDER: HandTransfer = {
  source_tank_id: "reef",
  destination: { tank_id: "lake" },
  entity_type: "fish",
  entity_id: "reef-2",
};

/** Its result, or its problem, after the time that it may take. */
async function after<T>(node: LoneNode, work: Promise<T>, forMs = 20_000): Promise<T | Problem> {
  const result = work.catch((error: unknown) => {
    if (error instanceof Problem) return error;
    throw error;
  });
  await node.run(forMs);
  return result;
}

function send(node: LoneNode, change: Partial<HandTransfer> = {}) {
  return after(node, node.migration.byHand.send({ ...ORDER, ...change }));
}

function resolve(node: LoneNode, id: string, decision: HandDecision) {
  return after(node, node.migration.byHand.resolve(id, decision));
}

async function openTransfer(node: LoneNode): Promise<string> {
  const sent = await send(node);
  if (sent instanceof Problem) throw sent;
  return sent.transfer_id;
}

describe("a fish that is sent by hand", () => {
  test("is delivered, and no connection takes it for its own", async () => {
    const { node, peer } = await withPeer();
    peer.decides("accepted");
    expect(await send(node)).toMatchObject({
      state: "delivered",
      entity_id: "reef-2",
      destination_node_id: "there",
    });
    expect(await alive(node)).toEqual(["reef-1", "reef-3"]);
    const [row] = await node.journal.outbox({ limit: 1 });
    expect(row?.connection_id).toBeNull();
  });

  test("comes back with the reason of a refusal", async () => {
    const { node, peer } = await withPeer();
    peer.decides("refused", { reason: "tank_full" });
    expect(await send(node)).toMatchObject({ state: "returned", reason: "tank_full" });
    expect(await alive(node)).toEqual(reefAtFirst);
  });

  test("is in escrow, and said to be, while nothing is decided", async () => {
    const { node } = await withPeer();
    expect(await send(node)).toMatchObject({ state: "in_doubt" });
    expect(node.migration.escrowCount).toBe(1);
  });

  test("between two tanks of one node arrives as well", async () => {
    const { node } = await withPeer();
    const destination = { tank_id: "pond" };
    expect(await send(node, { destination })).toMatchObject({ state: "delivered" });
    expect([...node.tanks.alive("pond")]).toContain("reef-2");
  });

  test.each<[string, Partial<HandTransfer>, string]>([
    ["a fish that is not there", { entity_id: "reef-9" }, "unknown_fish"],
    ["a plant that is not there", { entity_type: "plant", entity_id: "p-9" }, "unknown_fish"],
    ["an unknown source", { source_tank_id: "sea" }, "unknown_tank"],
    ["an unknown destination", { destination: { tank_id: "sea" } }, "unknown_tank"],
    ["an unknown server", { destination: { tank_id: "lake", server_id: "x" } }, "unknown_server"],
    ["its own tank", { destination: { tank_id: "reef" } }, "invalid"],
  ])("does not leave for %s", async (_name, change, code) => {
    const { node, peer } = await withPeer();
    expect(await send(node, change)).toMatchObject({ code });
    expect(await alive(node)).toEqual(reefAtFirst);
    expect([peer.asked, node.migration.escrowCount]).toEqual([[], 0]);
  });

  test("leaves for a node that was not dialled yet", async () => {
    const { node, peer } = await withPeer();
    peer.decides("accepted");
    const there = node.directory.find(({ nodeId }) => nodeId === "there");
    if (there) there.reachable = false;
    expect(await send(node)).toMatchObject({ state: "delivered" });
  });

  test("does not leave for a node that is away", async () => {
    const { node } = await withPeer();
    setStatus(node, "offline");
    expect(await send(node)).toMatchObject({ code: "unreachable" });
    expect(await alive(node)).toEqual(reefAtFirst);
  });
});

describe("an operator resolves a transfer", () => {
  test("by restoring the fish, as an event of the trail", async () => {
    const { node } = await withPeer();
    const id = await openTransfer(node);
    expect(await alive(node)).toEqual(["reef-1", "reef-3"]);
    expect(await resolve(node, id, "restore")).toMatchObject({
      state: "returned",
      reason: "resolved_by_hand",
    });
    expect(await node.events(id)).toEqual([
      "initiated",
      "prepared",
      "in_doubt",
      "resolved",
      "returned",
    ]);
    expect(await alive(node)).toEqual(reefAtFirst);
    expect(node.migration.escrowCount).toBe(0);
  });

  test("by taking it for delivered", async () => {
    const { node } = await withPeer();
    const id = await openTransfer(node);
    expect(await resolve(node, id, "delivered")).toMatchObject({ state: "delivered" });
    expect((await node.events(id)).slice(-2)).toEqual(["resolved", "committed"]);
    expect(await alive(node)).toEqual(["reef-1", "reef-3"]);
  });

  test("and is overruled by a decision that was already under way", async () => {
    const { node, peer } = await withPeer();
    const id = await openTransfer(node);
    const asked = Promise.withResolvers<void>();
    peer.answer = async () => {
      await asked.promise;
      peer.decides("accepted");
      return peer.answer({ nodeId: "there", path: "", body: { transfer_id: id } });
    };
    // Its pause ends, and it is asked for again.
    setStatus(node, "offline");
    setStatus(node, "online");
    await node.run(10);
    const resolving = node.migration.byHand.resolve(id, "restore");
    asked.resolve();
    expect(await after(node, resolving)).toMatchObject({ state: "delivered" });
    expect(await alive(node)).toEqual(["reef-1", "reef-3"]);
    expect(await node.events(id)).not.toContain("resolved");
  });

  test("once: a settled, a foreign and an unknown one are refused", async () => {
    const { node } = await withPeer();
    const id = await openTransfer(node);
    await resolve(node, id, "restore");
    for (const decision of ["restore", "delivered"] as const) {
      const again = await resolve(node, id, decision);
      expect(again).toMatchObject({ code: "conflict", message: "It is returned already." });
    }
    expect(await alive(node)).toEqual(reefAtFirst);
    expect(await resolve(node, "f".repeat(32), "restore")).toMatchObject({
      code: "unknown_transfer",
    });
  });

  test("not of a fish that came from elsewhere", async () => {
    const { node } = await withPeer();
    const transfer = transferOf("visitor");
    await node.receive(transfer);
    const refused = await resolve(node, transfer.transfer_id, "delivered");
    expect(refused).toMatchObject({ code: "conflict" });
    expect(String(refused)).toContain("server of there");
  });

  test("is told when it is not durable yet, and it becomes so", async () => {
    const { node, peer } = await withPeer();
    const id = await openTransfer(node);
    peer.answer = () => silence();
    node.journal.fault = "disk full";
    expect(await resolve(node, id, "restore")).toMatchObject({ code: "not_ready" });
    node.journal.fault = undefined;
    await node.run(60_000);
    expect(await node.events(id)).toContain("resolved");
    expect(await alive(node)).toEqual(reefAtFirst);
  });
});

describe("a node that has just started", () => {
  const startedAt = async (clearedMs: number) => {
    const { node, peer } = await withPeer();
    peer.decides("accepted");
    let firstMs: number | undefined;
    const clearedForExport = (nowMs: number) => {
      firstMs ??= nowMs;
      return nowMs - firstMs >= clearedMs;
    };
    node.cluster.positions = { ...node.cluster.positions, clearedForExport };
    return send(node);
  };

  test("sends a fish as soon as it may", async () => {
    expect(await startedAt(3_000)).toMatchObject({ state: "delivered" });
  });

  test("says so where that takes longer", async () => {
    expect(await startedAt(60_000)).toMatchObject({ code: "not_ready" });
  });
});
