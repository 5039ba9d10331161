import { describe, expect, test } from "bun:test";
import { flawOf, hubIn } from "./agreement.ts";
import type { Server } from "./api.ts";

function row(nodeId: string | null, changes: Partial<Server> = {}): Server {
  return {
    server_id: nodeId ?? "guest",
    node_id: nodeId,
    host: "10.77.0.1",
    port: 8000,
    status: "online",
    role: "worker",
    is_local: false,
    signed: nodeId !== null,
    last_heartbeat: "2026-01-01T00:00:00.000Z",
    ...changes,
  };
}

const HUB = row("a", { role: "hub" });

describe("a list of a cluster of two", () => {
  test.each([
    ["both, once each", [HUB, row("b")], undefined],
    ["a guest beside them", [HUB, row("b"), row(null)], undefined],
    ["somebody who has gone", [HUB, row("b"), row("c", { status: "offline" })], undefined],
    ["one only", [HUB], "1 rows online for 2 nodes, 1 are missing"],
    ["one as degraded", [HUB, row("b", { status: "degraded" })], "1 rows online for 2 nodes, 1"],
    ["a ghost of one", [HUB, row("b"), row("b", { signed: false })], "1 nodes listed unsigned"],
    [
      "a node that is there twice",
      [HUB, HUB, row("b")],
      "3 rows online for 2 nodes, 0 are missing",
    ],
    ["a stranger instead", [HUB, row("c")], "2 rows online for 2 nodes, 1 are missing"],
    ["nobody as hub", [row("a"), row("b")], "0 hubs in one answer"],
    ["both as hub", [HUB, row("b", { role: "hub" })], "2 hubs in one answer"],
  ] as const)("that has %s", (_, list, flaw) => {
    if (flaw === undefined) expect(flawOf(list, ["a", "b"])).toBeUndefined();
    else expect(flawOf(list, ["a", "b"])).toStartWith(flaw);
  });
});

test("the hub of a list is the only one that is online", () => {
  const old = row("z", { role: "hub", status: "offline" });
  expect(hubIn([HUB, old, row("b")])).toBe("a");
  expect(hubIn([old])).toBeUndefined();
  expect(hubIn([HUB, row("b", { role: "hub" })])).toBeUndefined();
});
