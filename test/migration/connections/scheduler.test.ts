import { describe, expect, test } from "bun:test";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import type { NewConnection } from "../../../src/migration/migration.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import type { FakeCall } from "../fake-cluster.ts";
import { tankRow } from "../fake-tanks.ts";
import { LoneNode, type LoneNodeOptions } from "../lone-node.ts";

const decides =
  (decision: string): FakeCall =>
  async (_nodeId, _path, body): Promise<PeerReply> => ({
    status: 200,
    body: {
      transfer_id: (body as { transfer_id: string }).transfer_id,
      node_id: "there",
      tank_id: "lake",
      epoch: 1,
      decision,
      reason: null,
    },
  });

const toLake: NewConnection = {
  source_tank_id: "reef",
  destination_tank_id: "lake",
  probability: 100,
  direction: "left",
};

async function node(options: LoneNodeOptions = {}): Promise<LoneNode> {
  const started = await new LoneNode({ call: decides("accepted"), ...options }).start();
  await started.fill("reef", 997);
  return started;
}

async function sent(one: LoneNode): Promise<number> {
  return (await one.journal.outbox({ limit: 10_000 })).length;
}

describe("every two seconds", () => {
  test("a connection sends one fish with its probability", async () => {
    const counts: number[] = [];
    for (const probability of [0, 25, 100]) {
      const one = await node();
      await one.migration.connect({ ...toLake, probability });
      await one.run(400 * 2000);
      counts.push(await sent(one));
    }
    const [never = 0, sometimes = 0, always = 0] = counts;
    expect(never).toBe(0);
    // 400 draws at 25 %: 100 ± 5 standard deviations.
    expect(sometimes).toBeGreaterThan(56);
    expect(sometimes).toBeLessThan(144);
    expect(always).toBe(400);
  });

  test("it leaves by the wall of the connection, or by either", async () => {
    for (const direction of ["left", "right", "both"] as const) {
      const one = await node();
      await one.migration.connect({ ...toLake, direction });
      await one.run(40 * 2000);
      const sides = new Set((await one.journal.outbox({ limit: 100 })).map((row) => row.side));
      expect([...sides].sort()).toEqual(direction === "both" ? ["left", "right"] : [direction]);
    }
  });

  test.each<readonly [string, FakeCall]>([
    ["says nothing for as long as five draws take", () => new Promise(() => {})],
    [
      "is too busy to read what it is asked",
      async () => ({ status: 429, body: { type: "urn:tankd:problem:too_many" } }),
    ],
    ["cannot be asked", () => Promise.reject(new Problem("unreachable", "no key is known"))],
  ])("a destination that %s holds one fish of a pair of tanks", async (_, call) => {
    const one = await node({ call, peerTimeoutMs: 10_000 });
    await one.migration.connect(toLake);
    const toPond = { ...toLake, source_tank_id: "pond" };
    await one.migration.connect(toPond);
    await one.run(9_000);
    expect(one.migration.escrowCount).toBe(2);
    await one.run(60_000);
    expect(one.migration.escrowCount).toBe(2);
    expect(await sent(one)).toBe(2);
  });

  test("nobody leaves for a node that is known to be away", async () => {
    const one = await node();
    await one.migration.connect(toLake);
    for (const server of one.directory) if (server.nodeId === "there") server.status = "offline";
    await one.run(20_000);
    expect(await sent(one)).toBe(0);
  });

  test("a connection whose fish came back rests for half a minute", async () => {
    const one = await node({ call: decides("refused") });
    await one.migration.connect(toLake);
    await one.run(30_000);
    expect(await sent(one)).toBe(1);
    await one.run(4000);
    expect(await sent(one)).toBe(2);
  });

  test("an empty tank sends nobody", async () => {
    const one = await new LoneNode({ call: decides("accepted") }).start();
    await one.tanks.add(tankRow("empty", 0, 3));
    await one.migration.connect({ ...toLake, source_tank_id: "empty" });
    await one.run(20_000);
    expect(await sent(one)).toBe(0);
    expect(one.migration.escrowCount).toBe(0);
  });

  test("nobody is asked for a fish while storage takes no writes or its tank stands", async () => {
    const one = await new LoneNode({ call: decides("accepted") }).start();
    await one.migration.connect(toLake);
    let picked = 0;
    const pick = one.tanks.pickMigrant.bind(one.tanks);
    one.tanks.pickMigrant = (tankId) => {
      picked++;
      return pick(tankId);
    };
    one.tanks.storageFault = "disk full";
    await one.run(20_000);
    one.tanks.storageFault = undefined;
    const get = one.tanks.get.bind(one.tanks);
    one.tanks.get = (tankId) => {
      const tank = get(tankId);
      return tank && { ...tank, status: "stopped" };
    };
    await one.run(20_000);
    expect(picked).toBe(0);
    one.tanks.get = get;
    await one.run(2000);
    expect(picked).toBe(1);
  });

  test("nobody is picked while the outbox is full", async () => {
    const one = await node({
      call: async () => ({ status: 429, body: { type: "urn:tankd:problem:too_many" } }),
    });
    // Transfers of a time when there was more room for them.
    await one.tanks.add(tankRow("old", LIMITS.outboxOpenMax, 3));
    const template = { ...toLake, source_tank_id: "old" };
    const { connection_id } = await one.migration.connect(template);
    await one.run(2000);
    await one.migration.disconnect(connection_id);
    await one.copyOpen(LIMITS.outboxOpenMax);
    await one.migration.stop();
    const full = await new LoneNode({ journal: one.journal }).start();
    expect(full.migration.escrowCount).toBe(LIMITS.outboxOpenMax);
    await full.migration.connect({ ...toLake, destination_tank_id: "pond" });
    await full.run(10_000);
    expect(full.migration.escrowCount).toBe(LIMITS.outboxOpenMax);
    expect(full.tanks.alive("pond")).toHaveLength(3);
  });
});

describe("the list of transfers", () => {
  test("has both directions, newest first, by state and limit", async () => {
    const one = await new LoneNode({ call: decides("accepted") }).start();
    await one.sendOne();
    await one.run(10);
    await one.sendOne("pond");
    const all = await one.migration.transfers({ limit: 10 });
    expect(all.map(({ direction, state }) => `${direction} ${state}`).sort()).toEqual([
      "in accepted",
      "out delivered",
      "out delivered",
    ]);
    const times = all.map((view) => view.created_at);
    expect(times).toEqual(times.toSorted().reverse());
    expect(await one.migration.transfers({ limit: 1 })).toEqual(all.slice(0, 1));
    const accepted = await one.migration.transfers({ limit: 10, state: "accepted" });
    expect(accepted).toEqual(all.filter((view) => view.direction === "in"));
    expect(accepted[0]).toMatchObject({
      source_server_id: "server of here",
      destination_tank_id: "pond",
    });
    expect(await one.migration.transfers({ limit: 10, state: "pending" })).toEqual([]);
    const refused = (code: string) => ({ code, name: "Problem" });
    const unknownState = one.migration.transfers({ limit: 10, state: "lost" });
    expect(await unknownState.catch((error) => error)).toMatchObject(refused("bad_request"));
    const unknown = one.migration.transfer("0".repeat(32));
    expect(await unknown.catch((error) => error)).toMatchObject(refused("unknown_transfer"));
  });
});
