import { describe, expect, test } from "bun:test";
import type { NewConnection } from "../../../src/migration/migration.ts";
import { LoneNode, transferOf } from "../lone-node.ts";

const toPond: NewConnection = {
  source_tank_id: "reef",
  destination_tank_id: "pond",
  probability: 100,
  mode: "copy",
};
const toLake: NewConnection = { ...toPond, destination_tank_id: "lake" };

const figures = (node: LoneNode) => node.migration.connections()[0]?.destinations[0];

describe("a connection that copies", () => {
  test("leaves the fish where they are, and another one is born of each", async () => {
    const node = await new LoneNode().start();
    const before = node.tanks.alive("reef");
    await node.migration.connect(toPond);
    await node.run(6000);
    expect(node.tanks.alive("reef")).toEqual(before);
    const born = node.tanks.alive("pond").filter((id) => id.includes("-copy-"));
    expect(born).toHaveLength(3);
    expect(figures(node)).toMatchObject({ sent: 3, delivered: 3, returned: 0 });
    const [row] = await node.journal.outbox({ limit: 1 });
    expect(row).toMatchObject({ entity_type: "copy", state: "delivered" });
    // In the counts that ledgers are compared with, nobody has left and nobody has come.
    const types = (await node.journal.transferCounts()).map(({ entity_type }) => entity_type);
    expect(new Set(types)).toEqual(new Set(["copy"]));
  });

  test("restores nobody where the copy is refused", async () => {
    const node = await new LoneNode({ capacity: () => 3 }).start();
    const before = node.tanks.alive("reef");
    await node.migration.connect(toPond);
    await node.run(4000);
    expect(figures(node)).toMatchObject({ sent: 1, returned: 1, health: "full" });
    expect(node.tanks.alive("reef")).toEqual(before);
    expect((await node.journal.log("reef", 0)).map(({ kind }) => kind)).toEqual([]);
  });

  test("gives a copy up that was on its way when the node was killed", async () => {
    const first = await new LoneNode({ call: () => new Promise(() => {}) }).start();
    await first.migration.connect({ ...toLake, force: true });
    await first.run(2500);
    const asked: string[] = [];
    const again = await new LoneNode({
      journal: first.journal,
      call: async (_node, path, body) => {
        asked.push(path.split("/").at(-1) ?? "");
        const { transfer_id } = body as { transfer_id: string };
        const decision = { node_id: "there", tank_id: "lake", epoch: 1, decision: "aborted" };
        if (!path.endsWith("/abort")) return { status: 503, body: {} };
        return { status: 200, body: { transfer_id, ...decision, reason: null } };
      },
    }).start();
    const [open] = await again.journal.openOutbox();
    await again.run(120_000);
    expect(asked).toContain("abort");
    expect((await again.journal.outboxRow(open?.transfer_id ?? ""))?.state).toBe("returned");
    expect(again.tanks.alive("reef")).toHaveLength(3);
  });

  test("asks a node of an earlier version once in ten minutes, and says why", async () => {
    const paths: string[] = [];
    const node = await new LoneNode({
      call: async (_node, path, body) => {
        paths.push(path);
        const { transfer_id } = body as { transfer_id: string };
        const decision = { node_id: "there", tank_id: "lake", epoch: 1, decision: "aborted" };
        if (path.endsWith("/abort")) {
          return { status: 200, body: { transfer_id, ...decision, reason: null } };
        }
        return { status: 422, body: { type: "urn:tankd:problem:unsupported_entity" } };
      },
    }).start();
    await node.migration.connect(toLake);
    await node.run(300_000);
    expect(paths.filter((path) => path.endsWith("/abort"))).toHaveLength(1);
    expect(figures(node)).toMatchObject({
      returned: 1,
      health: "unreachable",
      health_reason: "its node runs an older version, which takes no copies",
    });
    await node.run(400_000);
    expect(paths.filter((path) => path.endsWith("/abort"))).toHaveLength(2);
  });

  test("may be to all its destinations at once, within its rate", async () => {
    const spec = { ...toPond, strategy: "broadcast", further: [{ tank_id: "lake" }] } as const;
    const node = await new LoneNode({
      call: async (_node, _path, body) => {
        const { transfer_id } = body as { transfer_id: string };
        const decision = { node_id: "there", tank_id: "lake", epoch: 1, decision: "accepted" };
        return { status: 200, body: { transfer_id, ...decision, reason: null } };
      },
    }).start();
    const moving = { ...spec, mode: "move" } as const;
    const refusal = await node.migration.connect(moving).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "invalid" });
    await node.migration.connect({ ...spec, rate: 30 });
    await node.run(6000);
    const [connection] = node.migration.connections();
    expect(connection?.destinations.map(({ delivered }) => delivered)).toEqual([3, 3]);
    const sent = await node.journal.outbox({ limit: 2 });
    expect(new Set(sent.map(({ entity_id }) => entity_id)).size).toBe(1);
    const id = connection?.connection_id ?? "";
    const back = await node.migration.changeConnection(id, { mode: "move" }).catch((e) => e);
    expect(back).toMatchObject({ code: "invalid" });
  });

  test("brings none to nodes that are not of the cluster", async () => {
    const node = await new LoneNode().start();
    const source = { node_id: "made-up", tank_id: "t" };
    const copy = transferOf("nemo", { source, entity_type: "copy" });
    expect(await node.receive(copy, "made-up")).toMatchObject({ status: 403 });
    expect(await node.receive(transferOf("nemo", { entity_type: "copy" }))).toMatchObject({
      body: { decision: "accepted" },
    });
    expect(await node.journal.inbox({ limit: 9 })).toHaveLength(1);
  });
});

describe("the figures of a connection", () => {
  test("go on after a restart", async () => {
    const node = await new LoneNode({ capacity: () => 8 }).start();
    await node.migration.connect(toPond);
    await node.run(60_000);
    const before = node.migration.connections();
    expect(figures(node)).toMatchObject({ delivered: 5, returned: 2 });
    const again = await new LoneNode({ journal: node.journal }).start();
    const [{ health: _, health_reason: __, ...after } = {}] = [figures(again)];
    expect(before[0]?.destinations[0]).toMatchObject(after);
  });
});
