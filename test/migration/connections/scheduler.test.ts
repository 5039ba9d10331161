import { describe, expect, test } from "bun:test";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import type { NewConnection } from "../../../src/migration/migration.ts";
import { BATCH_PATH } from "../../../src/migration/transfer/protocol.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import type { FakeCall, FakeServer } from "../fake-cluster.ts";
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

const type = (code: string) => ({ type: `urn:tankd:problem:${code}` });

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

  test("as many as a draw has are undecided; more follow those that were decided", async () => {
    const waiting: (() => void)[] = [];
    const slowly: FakeCall = async (nodeId, path, body) => {
      if (path.startsWith(BATCH_PATH)) return { status: 404, body: type("not_found") };
      await new Promise<void>((resolve) => waiting.push(resolve));
      return decides("accepted")(nodeId, path, body);
    };
    const one = await node({ call: slowly, peerTimeoutMs: 100_000 });
    await one.migration.connect({ ...toLake, count: 10 });
    await one.run(10_000);
    expect(await sent(one)).toBe(10);
    const decided = waiting.splice(0);
    for (const decide of decided) decide();
    await one.run(4_000);
    expect(decided.length).toBeGreaterThan(1);
    expect(await sent(one)).toBe(10 + decided.length);
    expect(one.migration.escrowCount).toBe(10);
  });

  test("none follows one that was not answered with a decision", async () => {
    const one = await node({
      call: async (nodeId, path, body) => {
        if (path.startsWith(BATCH_PATH)) return { status: 404, body: type("not_found") };
        const { sequence } = body as { sequence: number };
        if (sequence === 3) return { status: 429, body: type("too_many") };
        return decides("accepted")(nodeId, path, body);
      },
    });
    await one.migration.connect({ ...toLake, count: 10 });
    await one.run(20_000);
    expect(await sent(one)).toBe(10);
    expect(one.migration.escrowCount).toBe(1);
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
    one.tanks.storageFault = "disk full";
    await one.run(20_000);
    one.tanks.storageFault = undefined;
    const get = one.tanks.get.bind(one.tanks);
    one.tanks.get = (tankId) => {
      const tank = get(tankId);
      return tank && { ...tank, status: "stopped" };
    };
    await one.run(20_000);
    expect(one.tanks.wanted).toEqual([]);
    one.tanks.get = get;
    await one.run(2000);
    expect(one.tanks.wanted).toHaveLength(1);
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

describe("by its terms, a connection", () => {
  const far = ["lake", "sea", "bay"];
  const directory = () => [
    { nodeId: "here", tanks: ["reef", "pond"] },
    ...far.map((tank) => ({ nodeId: `node of ${tank}`, tanks: [tank] }) as FakeServer),
  ];
  /** Accepts in the name of whatever tank is asked. */
  const everywhere: FakeCall = async (nodeId, path, body) => {
    const { destination } = body as { destination: { tank_id: string } };
    const reply = await decides("accepted")(nodeId, path, body);
    const decision = reply.body as object;
    return { ...reply, body: { ...decision, node_id: nodeId, tank_id: destination.tank_id } };
  };
  const three = (call: FakeCall = everywhere) => node({ directory: directory(), call });
  const toAll = { ...toLake, further: [{ tank_id: "sea" }, { tank_id: "bay" }] };
  const places = async (one: LoneNode) =>
    (await one.journal.outbox({ limit: 100 })).map((row) => row.destination_tank_id).reverse();
  const away = (one: LoneNode, nodeId: string, status: "online" | "offline" = "offline") => {
    for (const server of one.directory) if (server.nodeId === nodeId) server.status = status;
  };

  test("sends as many fish as it counts, of its policy and by its wall", async () => {
    const one = await node();
    const terms = { selection: "best:speed", count: 3, direction: "right" } as const;
    await one.migration.connect({ ...toLake, ...terms });
    await one.run(2000);
    expect(await sent(one)).toBe(3);
    expect(one.tanks.wanted).toEqual([terms]);
  });

  test("sends no more than its rate over a minute", async () => {
    const one = await node();
    await one.migration.connect({ ...toLake, rate: 6, count: 5 });
    await one.run(60_000);
    expect(await sent(one)).toBeGreaterThanOrEqual(6);
    expect(await sent(one)).toBeLessThanOrEqual(7);
    await one.run(600_000);
    expect(await sent(one)).toBeLessThanOrEqual(67);
  });

  test("sends nobody while it is paused, also after a restart", async () => {
    const one = await node();
    const { connection_id } = await one.migration.connect({ ...toLake, status: "paused" });
    await one.run(20_000);
    const again = await new LoneNode({ journal: one.journal, call: decides("accepted") }).start();
    await again.run(20_000);
    expect(await sent(again)).toBe(0);
    await again.migration.changeConnection(connection_id, { status: "running" });
    await again.run(2000);
    expect(await sent(again)).toBe(1);
  });

  test("counts what became of its fish", async () => {
    let decision = "accepted";
    const one = await node({ call: (...asked) => decides(decision)(...asked) });
    await one.migration.connect({ ...toLake, count: 2 });
    await one.run(2000);
    const delivered = { sent: 2, delivered: 2, returned: 0 };
    const figures = () => one.migration.connections()[0]?.destinations[0];
    expect(figures()).toMatchObject({ tank_id: "lake", ...delivered });
    expect(figures()?.last_delivered_at).toBeNumber();
    decision = "refused";
    await one.run(2000);
    expect(figures()).toMatchObject({ sent: 4, delivered: 2, returned: 2 });
  });

  test("fails over to the next destination, and back", async () => {
    const one = await three();
    await one.migration.connect(toAll);
    await one.run(2000);
    away(one, "node of lake");
    await one.run(2000);
    away(one, "node of sea");
    await one.run(2000);
    away(one, "node of lake", "online");
    await one.run(2000);
    expect(await places(one)).toEqual(["lake", "sea", "bay", "lake"]);
  });

  test("leaves out a destination that has just refused, and one that is in doubt", async () => {
    const one = await three(async (nodeId, path, body) => {
      if (nodeId === "node of lake") throw new NetworkError("timeout", "no answer");
      const reply = await everywhere(nodeId, path, body);
      if (nodeId === "node of bay") return reply;
      return { ...reply, body: { ...(reply.body as object), decision: "refused" } };
    });
    await one.migration.connect(toAll);
    await one.run(8000);
    expect(await places(one)).toEqual(["lake", "sea", "bay", "bay"]);
  });

  test("takes its destinations in turn", async () => {
    const one = await three();
    await one.migration.connect({ ...toAll, strategy: "round-robin", count: 2 });
    await one.run(6000);
    expect(await places(one)).toEqual(["lake", "sea", "bay", "lake", "sea", "bay"]);
    away(one, "node of sea");
    await one.run(2000);
    expect((await places(one)).slice(6).sort()).toEqual(["bay", "lake"]);
  });

  test("prefers the destination with the fewest fish in a tank", async () => {
    const one = await three();
    await one.fill("pond", 5);
    const fish = { lake: 90, sea: 20, bay: 30 };
    for (const [tank, fishCount] of Object.entries(fish)) {
      const server = one.directory.find(({ nodeId }) => nodeId === `node of ${tank}`);
      if (server) Object.assign(server, { fishCount, tankCount: tank === "bay" ? 3 : 1 });
    }
    await one.migration.connect({ ...toAll, strategy: "least-loaded" });
    await one.run(2000);
    away(one, "node of bay");
    await one.run(2000);
    expect(await places(one)).toEqual(["bay", "sea"]);
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
