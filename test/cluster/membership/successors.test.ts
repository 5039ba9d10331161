import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Candidate } from "../../../src/cluster/membership/rank.ts";
import { chooseSuccessors, SUCCESSORS_MAX } from "../../../src/cluster/membership/successors.ts";
import { candidates } from "./support.ts";

const able = (nodeId: string, priority = 100): Candidate => ({ nodeId, priority, mayClaim: true });

describe("the successors of a hub", () => {
  test("are two, the best first", () => {
    expect(chooseSuccessors([able("a"), able("c"), able("b")], [])).toEqual(["c", "b"]);
    expect(chooseSuccessors([able("a")], [])).toEqual(["a"]);
    expect(chooseSuccessors([], ["a", "b"])).toEqual([]);
  });

  test("stay while they can, whoever comes, in their order", () => {
    const all = [able("a"), able("b"), able("y"), able("z")];
    expect(chooseSuccessors(all, ["a", "b"])).toEqual(["a", "b"]);
    expect(chooseSuccessors(all, ["b", "a"])).toEqual(["b", "a"]);
    // One has gone: the best of the others comes after the one that stays.
    expect(chooseSuccessors(all.slice(1), ["a", "b"])).toEqual(["b", "z"]);
  });

  test("give way to a higher priority, and are never one that may not claim", () => {
    expect(chooseSuccessors([able("a"), able("b"), able("c", 101)], ["b", "a"])).toEqual([
      "c",
      "b",
    ]);
    const barred = { ...able("z", 1_000), mayClaim: false };
    expect(chooseSuccessors([barred, able("a")], ["z"])).toEqual(["a"]);
  });

  test("are a choice that holds: the same nodes give the same names again, in any order", () => {
    const named = fc.array(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 2 });
    fc.assert(
      fc.property(candidates({ minLength: 0 }), named, (all, before) => {
        const chosen = chooseSuccessors(all, before);
        expect(chooseSuccessors(all, chosen)).toEqual(chosen);
        expect(chooseSuccessors(all.toReversed(), before)).toEqual(chosen);
        const may = all.filter(({ mayClaim }) => mayClaim);
        expect(chosen.length).toBe(Math.min(SUCCESSORS_MAX, may.length));
        expect(may.map(({ nodeId }) => nodeId)).toEqual(expect.arrayContaining([...chosen]));
      }),
    );
  });
});
