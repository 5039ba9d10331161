import { describe, expect, test } from "bun:test";
import { type Pair, pairsOf, surplusOfPair } from "../../src/audit/pairs.ts";
import type { PairStatement, Statement } from "../../src/audit/statement.ts";

const TANKS = { source_tank_id: "t1", destination_tank_id: "t2", entity_type: "fish" } as const;

function statement(node_id: string, pairs: readonly PairStatement[], whole = true): Statement {
  const nothing = { tanks: [], unread: [], fish: [], escrow: [] };
  return { node_id, server_id: node_id, whole, ...nothing, pairs: [...pairs] };
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
