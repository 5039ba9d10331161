import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bestOf, type Candidate, outranks } from "../../../src/cluster/membership/rank.ts";
import { candidates } from "./support.ts";

const able = (nodeId: string, priority = 100): Candidate => ({ nodeId, priority, mayClaim: true });

describe("the rank of candidates", () => {
  test("is a strict total order: one of two outranks the other, and it carries over", () => {
    fc.assert(
      fc.property(candidates({ minLength: 3 }), (all) => {
        const [a, b, c] = all as [Candidate, Candidate, Candidate];
        expect(outranks(a, a)).toBe(false);
        expect(outranks(a, b)).toBe(!outranks(b, a));
        if (outranks(a, b) && outranks(b, c)) expect(outranks(a, c)).toBe(true);
      }),
    );
  });

  test("is by leave to claim, then priority, then node id", () => {
    expect(outranks(able("a", 0), { ...able("z", 1_000), mayClaim: false })).toBe(true);
    expect(outranks(able("a", 101), able("z", 100))).toBe(true);
    expect(outranks(able("b"), able("a"))).toBe(true);
  });

  test("names a best one in whatever order they come, and none that may not claim", () => {
    fc.assert(
      fc.property(candidates({ minLength: 0 }), (all) => {
        const best = bestOf(all);
        const may = all.filter(({ mayClaim }) => mayClaim);
        expect(best).toBe(bestOf(all.toReversed()));
        expect(best === undefined).toBe(may.length === 0);
        for (const one of may) expect(one === best || outranks(best ?? one, one)).toBe(true);
      }),
    );
  });
});
