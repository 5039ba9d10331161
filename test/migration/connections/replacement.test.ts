import { describe, expect, test } from "bun:test";
import type { NewConnection } from "../../../src/migration/migration.ts";
import type { ReplacementRule } from "../../../src/migration/payloads/entity.ts";
import { BATCH_PATH } from "../../../src/migration/transfer/protocol.ts";
import { answer } from "../aquarium.ts";
import { LoneNode, transferOf } from "../lone-node.ts";

/** Whether each import that a node logs may take a place. */
async function watched(replacement: ReplacementRule) {
  const node = await new LoneNode({ replacement }).start();
  const imports: boolean[] = [];
  const submit = node.tanks.submit.bind(node.tanks);
  node.tanks.submit = (tankId, command, alongside) => {
    if (command.kind === "import") imports.push(command.replaces === true);
    return submit(tankId, command, alongside);
  };
  return { node, imports };
}

const ASKED = { replacing: "0" };

describe("a full tank", () => {
  test.each([
    ["refuse", false, false],
    ["asked", false, true],
    ["fair", true, true],
  ] as const)("of a node that says %s", async (rule, plain, asked) => {
    const { node, imports } = await watched(rule);
    await node.receive(transferOf("nemo"));
    await node.receive(transferOf("dory"), "there", ASKED);
    expect(imports).toEqual([plain, asked]);
  });

  test("lets nobody of an unknown node in, whatever it asks", async () => {
    const { node, imports } = await watched("fair");
    const source = { node_id: "made-up", tank_id: "t" };
    await node.receive(transferOf("nemo", { source }), "made-up", ASKED);
    expect(imports).toEqual([false]);
  });

  test("knows which transfers of a batch ask", async () => {
    const { node, imports } = await watched("asked");
    const transfers = ["a", "b", "c", "d"].map((name) => transferOf(name));
    const body = { version: 1, transfers };
    await answer(node.migration, {
      ...{ path: BATCH_PATH, body, signer: "there" },
      query: { replacing: "1.3" },
    });
    expect(imports).toEqual([false, true, false, true]);
  });
});

describe("a connection that asks for places", () => {
  const toPond: NewConnection = {
    ...{ source_tank_id: "reef", destination_tank_id: "pond" },
    ...{ probability: 100, replacement: "fair" },
  };

  test("gets them in tanks of its own node, whatever is said to others", async () => {
    const { node, imports } = await watched("refuse");
    await node.migration.connect(toPond);
    await node.run(2000);
    expect(imports).toEqual([true]);
    const [{ connection_id = "" } = {}] = node.migration.connections();
    await node.migration.changeConnection(connection_id, { replacement: "refuse" });
    await node.run(2000);
    expect(imports).toEqual([true, false]);
  });

  test("asks in the query, so that earlier versions overlook it", async () => {
    const asked: string[] = [];
    const node = await new LoneNode({
      call: async (_node, path, body) => {
        asked.push(path);
        expect(Object.keys(body as object)).not.toContain("replacing");
        return { status: 429, body: { type: "urn:tankd:problem:too_many" } };
      },
    }).start();
    await node.migration.connect({ ...toPond, destination_tank_id: "lake" });
    await node.run(2000);
    expect(asked[0]).toBe("/api/remote-transfer?replacing=0");
  });
});
