import { describe, expect, test } from "bun:test";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import type { DestinationView, NewConnection } from "../../../src/migration/migration.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import type { FakeServer } from "../fake-cluster.ts";
import { LoneNode, type LoneNodeOptions } from "../lone-node.ts";

const toLake: NewConnection = {
  source_tank_id: "reef",
  destination_tank_id: "lake",
  probability: 100,
};

async function connected(options: LoneNodeOptions, spec = toLake): Promise<LoneNode> {
  const node = await new LoneNode(options).start();
  await node.fill("reef", 5);
  await node.migration.connect({ ...spec, force: true });
  return node;
}

function change(node: LoneNode, change: Partial<FakeServer>): void {
  for (const server of node.directory) {
    if (server.nodeId === "there") Object.assign(server, change);
  }
}

function health(node: LoneNode): Partial<DestinationView> {
  const { health, health_reason } = node.migration.connections()[0]?.destinations[0] ?? {};
  return { health, health_reason } as Partial<DestinationView>;
}

const decides =
  (decision: string, reason: string | null) => async (_: string, __: string, body: unknown) => ({
    status: 200,
    body: {
      transfer_id: (body as { transfer_id: string }).transfer_id,
      node_id: "there",
      tank_id: "lake",
      epoch: 1,
      decision,
      reason,
    },
  });

describe("a destination", () => {
  test("is well, as far as one knows", async () => {
    const node = await connected({ call: decides("accepted", null) });
    expect(health(node)).toEqual({ health: "ok", health_reason: null });
    await node.run(2000);
    expect(health(node)).toEqual({ health: "ok", health_reason: null });
  });

  const cases: readonly [string, Partial<FakeServer>, string, string][] = [
    ["offline", { status: "offline" }, "unreachable", "offline"],
    ["out of reach", { reachable: false }, "unreachable", "cannot be dialled"],
    ["without the tank", { tanks: ["sea"] }, "gone", "no such tank"],
  ];
  test.each(cases)("whose node is %s says so", async (_, state, expected, reason) => {
    const node = await connected({});
    change(node, state);
    expect(health(node)).toEqual({
      health: expected as DestinationView["health"],
      health_reason: expect.stringContaining(reason),
    });
  });

  test("is unreachable while a fish on its way is not decided, and well again", async () => {
    let answers = false;
    const node = await connected({
      call: async (...asked) => {
        if (!answers) throw new NetworkError("timeout", "no answer");
        return decides("accepted", null)(...asked);
      },
    });
    await node.run(4000);
    expect(health(node)).toMatchObject({ health: "unreachable" });
    answers = true;
    await node.run(60_000);
    expect(health(node)).toEqual({ health: "ok", health_reason: null });
  });

  test("is full once it had no room, until a fish arrives", async () => {
    let full = true;
    const node = await connected({
      call: (...asked): Promise<PeerReply> =>
        (full ? decides("refused", "tank_full") : decides("accepted", null))(...asked),
    });
    await node.run(4000);
    expect(health(node)).toMatchObject({ health: "full" });
    full = false;
    await node.run(60_000);
    expect(health(node)).toEqual({ health: "ok", health_reason: null });
  });

  test("next door is gone with its tank, and full with its fish", async () => {
    const node = await connected({}, { ...toLake, destination_tank_id: "pond", probability: 0 });
    expect(health(node)).toMatchObject({ health: "ok" });
    await node.fill("pond", 97);
    expect(health(node)).toMatchObject({ health: "full", health_reason: "it holds 100 fish" });
    await node.tanks.remove("pond");
    expect(health(node)).toMatchObject({ health: "gone" });
  });
});

test("a full tank next door is well where arrivals take a place", async () => {
  const pond = { ...toLake, destination_tank_id: "pond", probability: 0 };
  const node = await connected({ replacement: "fair" }, pond);
  await node.fill("pond", 97);
  expect(health(node)).toEqual({ health: "ok", health_reason: null });
});

describe("a connection to where nothing arrives", () => {
  const refusals: readonly [string, Partial<FakeServer>, string][] = [
    ["an offline node", { status: "offline" }, "unreachable"],
    ["a node that does not answer", { silent: true }, "unreachable"],
    ["a tank that its node does not have", { lacks: true }, "unknown_tank"],
  ];
  test.each(refusals)("to %s is refused, and nothing is stored", async (_, state, code) => {
    const node = await new LoneNode().start();
    change(node, state);
    const refusal = await node.migration.connect(toLake).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code });
    expect(node.migration.connections()).toEqual([]);
    if (code === "unreachable") expect(String(refusal)).toContain("--force");
    expect(String(refusal)).not.toMatch(/\/api\/|"force"/);
    await node.migration.connect({ ...toLake, force: true });
    expect(await node.journal.connections()).toHaveLength(1);
  });

  test("says what a person can use, and no request", async () => {
    const node = await new LoneNode().start();
    const failed = new NetworkError("refused", "GET http://10.0.0.1:8000/api/tanks/lake: refused");
    node.cluster.read = () => Promise.reject(failed);
    const refusal = await node.migration.connect(toLake).catch((error: unknown) => error);
    expect(String(refusal)).toContain("cannot be reached: connection refused. Nothing was stored");
    expect(String(refusal)).not.toContain("http://");
  });

  test("sends a fish every ten minutes at most where there is no such tank", async () => {
    const node = await connected({
      call: async (nodeId, path, body) =>
        path.endsWith("/abort")
          ? decides("aborted", null)(nodeId, path, body)
          : { status: 404, body: { type: "urn:tankd:problem:unknown_tank" } },
    });
    await node.run(500_000);
    expect(await node.journal.outbox({ limit: 99 })).toHaveLength(1);
    expect(health(node)).toMatchObject({ health: "gone" });
    await node.run(200_000);
    expect(await node.journal.outbox({ limit: 99 })).toHaveLength(2);
  });

  test("is made where the node answers, though it is not listed as reachable yet", async () => {
    const node = await new LoneNode().start();
    change(node, { reachable: false });
    await node.migration.connect(toLake);
    expect(await node.journal.connections()).toHaveLength(1);
  });

  test("is refused for any of several destinations", async () => {
    const node = await new LoneNode().start();
    change(node, { silent: true });
    const spec = { ...toLake, destination_tank_id: "pond", further: [{ tank_id: "lake" }] };
    const refusal = await node.migration.connect(spec).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "unreachable" });
    expect(node.migration.connections()).toEqual([]);
  });
});
