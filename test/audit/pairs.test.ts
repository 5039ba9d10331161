import { describe, expect, test } from "bun:test";
import { type Pair, pairsOf, surplusOfPair } from "../../src/audit/pairs.ts";
import type { PairStatement, Statement } from "../../src/audit/statement.ts";

const TANKS = { source_tank_id: "t1", destination_tank_id: "t2", entity_type: "fish" } as const;

function statement(
  node_id: string,
  pairs: readonly PairStatement[],
  whole = true,
  moves: Partial<Pick<Statement, "hosted" | "departed" | "under_way">> = {},
): Statement {
  const nothing = { tanks: [], unread: [], fish: [], escrow: [] };
  const stays = { hosted: [], departed: [], under_way: [] };
  return { node_id, server_id: node_id, whole, ...nothing, pairs: [...pairs], ...stays, ...moves };
}

function out(counts: Record<string, number>): PairStatement {
  return { side: "out", node_id: "b", ...TANKS, counts };
}

function into(counts: Record<string, number>): PairStatement {
  return { side: "in", node_id: "a", ...TANKS, counts };
}

function pairOf(source: Statement, destination?: Statement): Pair {
  const stated = destination ? [source, destination] : [source];
  const [pair] = pairsOf(new Map(stated.map((one) => [one.node_id, one]))).values();
  if (!pair) throw new Error("no pair");
  return pair;
}

const LEFT = statement("a", [out({ delivered: 5, returned: 2, pending: 1, in_doubt: 1 })]);

test("a pair has the counts of both its ends, and those of one where the other has none", () => {
  const pair = pairOf(LEFT, statement("b", [into({ accepted: 5, refused: 2 })]));
  expect(pair).toMatchObject({ delivered: 5, returned: 2, open: 2, accepted: 5 });
  expect(pairOf(LEFT, statement("b", []))).toMatchObject({ delivered: 5, accepted: 0 });
  expect(pairsOf(new Map([["a", LEFT]])).size).toBe(0);
});

test("a pair within one node is compared, too", () => {
  const own = { ...out({ delivered: 1 }), node_id: "a" };
  expect(pairOf(statement("a", [own, into({ accepted: 1 })]))).toMatchObject({
    source_node_id: "a",
    destination_node_id: "a",
    delivered: 1,
    accepted: 1,
  });
});

describe("what has arrived against what has left", () => {
  const accepting = (accepted: number, whole = true) =>
    pairOf(LEFT, statement("b", [into({ accepted })], whole));

  test("is even, or tells how many are missing or too many", () => {
    expect(surplusOfPair(accepting(5), accepting(5), 0)).toBe(0);
    expect(surplusOfPair(accepting(4), accepting(4), 0)).toBe(-1);
    expect(surplusOfPair(accepting(7), accepting(7), 0)).toBe(2);
  });

  test("counts what was accepted and is still open at the source", () => {
    expect(surplusOfPair(accepting(6), accepting(6), 1)).toBe(0);
    expect(surplusOfPair(accepting(6), accepting(6), 2)).toBe(-1);
  });

  test("is not told while something moves", () => {
    expect(surplusOfPair(undefined, accepting(5), 0)).toBeUndefined();
    expect(surplusOfPair(accepting(4), accepting(5), 0)).toBeUndefined();
    const later = statement("a", [out({ delivered: 6, returned: 2, pending: 1 })]);
    const moved = pairOf(later, statement("b", [into({ accepted: 5 })]));
    expect(surplusOfPair(accepting(5), moved, 0)).toBeUndefined();
  });

  test("accuses nobody of what an earlier version did not count", () => {
    expect(surplusOfPair(accepting(4, false), accepting(4, false), 0)).toBe(0);
    expect(surplusOfPair(accepting(6, false), accepting(6, false), 0)).toBe(1);
    const partly = pairOf({ ...LEFT, whole: false }, statement("b", [into({ accepted: 6 })]));
    expect(surplusOfPair(partly, partly, 0)).toBe(0);
  });
});

describe("tanks that move", () => {
  const has = (...tanks: readonly string[]) => tanks.map((tank_id) => ({ tank_id }));
  /** Five of t1 on a to t2 on b, then three to t2 on c. */
  const source = statement(
    "a",
    [out({ delivered: 5 }), { ...out({ delivered: 3 }), node_id: "c" }],
    true,
    { hosted: has("t1") },
  );
  const departed = [{ tank_id: "t2", node_id: "c", epoch: 2 }];
  const former = statement("b", [], true, { departed });
  const owner = statement("c", [into({ accepted: 8 })], true, { hosted: has("t2") });
  const pairs = (...stated: readonly Statement[]) => [
    ...pairsOf(new Map(stated.map((one) => [one.node_id, one]))).values(),
  ];

  test("a pair is of two tanks, whichever node was addressed", () => {
    const found = pairs(source, former, owner);
    expect(found).toEqual([
      expect.objectContaining({ delivered: 8, accepted: 8, destination_node_id: "c" }),
    ]);
  });

  test("without its present owner nothing is compared, and nobody is accused", () => {
    expect(pairs(source, former)).toEqual([]);
  });

  test("while a tank moves, or two nodes have it, its pairs are left out", () => {
    const moving = [{ tank_id: "t2", name: "lagoon" }];
    const stored = statement("c", [], true, { under_way: moving });
    expect(pairs(source, former, stored)).toEqual([]);
    const before = statement("b", [into({ accepted: 5 })], true, { hosted: has("t2") });
    expect(pairs(source, before, owner)).toEqual([]);
  });

  test("a node does not speak for the tank of another", () => {
    const liar = statement("d", [into({ accepted: 50 })]);
    expect(pairs(source, former, owner, liar)).toEqual([
      expect.objectContaining({ delivered: 8, accepted: 8 }),
    ]);
  });
});
