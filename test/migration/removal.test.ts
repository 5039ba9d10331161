import { describe, expect, test } from "bun:test";
import type { Journal } from "../../src/store/journal.ts";
import { gate, refusal } from "../tanks/harness.ts";
import { LoneNode } from "./lone-node.ts";
import { withPeer } from "./peer.ts";

describe("a tank that is to be removed", () => {
  test("is kept while a fish of it is in escrow, and goes when that is settled", async () => {
    const { node, peer } = await withPeer();
    await node.sendOne();
    expect(await refusal(node.migration.removeTank("reef"))).toBe("escrow_open");
    expect(node.tanks.get("reef")).toBeDefined();
    peer.decides("accepted");
    await node.run(60_000);
    await node.migration.removeTank("reef");
    expect(node.tanks.get("reef")).toBeUndefined();
  });

  test("is kept while a fish of it is on its way into escrow", async () => {
    const { node } = await withPeer();
    const removals: Promise<unknown>[] = [];
    const submit = node.tanks.submit.bind(node.tanks);
    node.tanks.submit = (...command) => {
      removals.push(refusal(node.migration.removeTank("reef")));
      return submit(...command);
    };
    await node.sendOne();
    expect(await Promise.all(removals)).toEqual(["escrow_open"]);
  });

  test("is kept for the escrow of the last run, even before that is taken up again", async () => {
    const before = await withPeer();
    await before.node.sendOne();
    const node = new LoneNode({ journal: before.node.journal });
    await node.tanks.recover();
    expect(await refusal(node.migration.removeTank("reef"))).toBe("escrow_open");
  });

  test("lets no fish go between the look and the end, and none is stranded", async () => {
    const { node, peer } = await withPeer();
    peer.decides("refused", { reason: "tank_full" });
    const disk = gate();
    const remove = node.tanks.remove.bind(node.tanks);
    node.tanks.remove = async (tankId) => {
      await disk.opened;
      await remove(tankId);
    };
    await connectReef(node);
    const removed = node.migration.removeTank("reef");
    await node.run(20_000);
    disk.open();
    await removed;
    await node.run(20_000);
    expect(await allTransfers(node.journal)).toEqual([]);
  });

  test("goes on as before when it could not be removed", async () => {
    const { node, peer } = await withPeer();
    peer.decides("accepted");
    await connectReef(node);
    const remove = node.tanks.remove.bind(node.tanks);
    node.tanks.remove = () => Promise.reject(new Error("disk full"));
    await expect(node.migration.removeTank("reef")).rejects.toThrow("disk full");
    node.tanks.remove = remove;
    await node.run(2000);
    expect(await allTransfers(node.journal)).toHaveLength(1);
  });
});

function connectReef(node: LoneNode) {
  return node.migration.connect({
    source_tank_id: "reef",
    destination_tank_id: "lake",
    probability: 100,
    direction: "left",
  });
}

function allTransfers(journal: Journal) {
  return journal.outbox({ limit: 10 });
}
