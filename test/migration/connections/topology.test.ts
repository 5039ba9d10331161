import { describe, expect, test } from "bun:test";
import { type Arrangement, edgesOf } from "../../../src/migration/connections/topology.ts";
import type { NewTopology } from "../../../src/migration/migration.ts";
import { LoneNode } from "../lone-node.ts";

const [A, B, C, D] = ["a", "b", "c", "d"].map((tank) => ({
  destination_node_id: `node of ${tank}`,
  destination_tank_id: tank,
})) as [Place, Place, Place, Place];
type Place = Parameters<typeof edgesOf>[1][number];

function drawn(arrangement: Arrangement, tanks: readonly Place[]): readonly string[] {
  return edgesOf(arrangement, tanks).map(({ source, destinations, strategy }) => {
    const to = destinations.map((one) => one.destination_tank_id).join("");
    return `${source.destination_tank_id} ${to} ${strategy}`;
  });
}

describe("the edges", () => {
  test.each([
    ["ring", ["a b failover", "b c failover", "c a failover"]],
    ["full", ["a bc round-robin", "b ca round-robin", "c ab round-robin"]],
    ["star", ["a bc round-robin", "b a failover", "c a failover"]],
    ["random", ["a bc random", "b ca random", "c ab random"]],
  ] as const)("of a %s", (arrangement, edges) => {
    expect(drawn(arrangement, [A, B, C])).toEqual([...edges]);
  });

  test("of a custom topology are its pairs", () => {
    expect(drawn("custom", [A, B, A, C, D, A])).toEqual([
      "a b failover",
      "a c failover",
      "d a failover",
    ]);
  });

  test.each([
    ["ring", [A]],
    ["ring", [A, B, A]],
    ["custom", []],
    ["custom", [A, B, C]],
  ] as const)("of a %s of impossible tanks are none", (arrangement, tanks) => {
    expect(() => edgesOf(arrangement, tanks)).toThrow();
  });
});

describe("a topology", () => {
  const ring: NewTopology = {
    name: "mine",
    topology: "ring",
    tanks: ["reef", "lake", "pond"].map((tank_id) => ({ tank_id })),
    probability: 40,
  };
  const routes = (node: LoneNode) =>
    node.migration.connections().map((one) => {
      const to = one.destinations.map(({ tank_id }) => tank_id).join("+");
      return `${one.source_tank_id}>${to} ${one.probability} ${one.topology}`;
    });

  test("is made on this node's side, in one commit, and says what is left to others", async () => {
    const node = await new LoneNode({ autoConnect: true }).start();
    expect(routes(node)).toEqual(["reef>lake 25 null"]);
    const made = await node.migration.arrange(ring);
    expect(made.elsewhere).toEqual([{ tank_id: "lake", server_id: "server of there" }]);
    expect(routes(node).sort()).toEqual(["pond>reef 40 mine", "reef>lake 40 mine"]);
    const restarted = await new LoneNode({ journal: node.journal }).start();
    expect(routes(restarted).sort()).toEqual(["pond>reef 40 mine", "reef>lake 40 mine"]);
    node.journal.fault = "disk full";
    await node.migration.arrange({ ...ring, topology: "full" }).catch(() => {});
    expect(routes(node).sort()).toEqual(["pond>reef 40 mine", "reef>lake 40 mine"]);
  });

  test("is replaced when it is made again, and removed as a whole", async () => {
    const node = await new LoneNode().start();
    await node.migration.connect({ source_tank_id: "pond", destination_tank_id: "lake" });
    await node.migration.arrange(ring);
    await node.migration.arrange({ ...ring, topology: "star", strategy: "failover" });
    expect(routes(node).sort()).toEqual([
      "pond>lake 25 null",
      "pond>reef 40 mine",
      "reef>lake+pond 40 mine",
    ]);
    expect(node.migration.connections().map((one) => one.strategy)).not.toContain("round-robin");
    const pair = ["reef", "pond"].map((tank_id) => ({ tank_id }));
    await node.migration.arrange({ ...ring, topology: "custom", tanks: pair });
    expect(routes(node).sort()).toEqual(["pond>lake 25 null", "reef>pond 40 mine"]);
    expect(await node.migration.removeTopology("mine")).toHaveLength(1);
    expect(routes(node)).toEqual(["pond>lake 25 null"]);
    const none = node.migration.removeTopology("mine");
    expect(await none.catch((error) => error)).toMatchObject({ code: "unknown_connection" });
  });

  test("is refused where it is impossible, and nothing is stored", async () => {
    const node = await new LoneNode().start();
    const named = (...tanks: readonly string[]) => tanks.map((tank_id) => ({ tank_id }));
    const cases: [Partial<NewTopology>, string][] = [
      [{ tanks: named("reef") }, "invalid"],
      [{ tanks: named("reef", "nowhere") }, "unknown_tank"],
      [{ topology: "custom", tanks: named("lake", "reef") }, "invalid"],
      [{ topology: "custom", tanks: named("reef", "reef") }, "invalid"],
      [{ selection: "fastest" }, "invalid"],
    ];
    for (const [change, code] of cases) {
      const refused = node.migration.arrange({ ...ring, ...change });
      expect(await refused.catch((error) => error)).toMatchObject({ code });
    }
    for (const server of node.directory) if (server.nodeId === "there") server.status = "offline";
    const away = await node.migration.arrange(ring).catch((error) => error);
    expect(away).toMatchObject({ code: "unreachable" });
    expect(routes(node)).toEqual([]);
    await node.migration.arrange({ ...ring, force: true });
    expect(routes(node)).toHaveLength(2);
  });
});
