import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Claimant, compareHubs } from "../../../src/cluster/membership/seat.ts";

/** Two hubs of one rank but for their ids; `z` has the higher one. */
function claimant(nodeId: string, facts: Partial<Claimant> = {}): Claimant {
  return {
    nodeId,
    priority: 100,
    mayClaim: true,
    undialable: false,
    mustYield: false,
    isUnreached: false,
    support: 0,
    ...facts,
  };
}

/** Winner and rule where `a` has one set of facts and `z` the other. */
function verdict(a: Partial<Claimant>, z: Partial<Claimant>, knownForLong = false) {
  const { winner, rule } = compareHubs(claimant("a", a), claimant("z", z), knownForLong);
  return `${winner} by ${rule}`;
}

describe("two hubs", () => {
  test("that nobody follows: the rank decides", () => {
    expect(verdict({}, {})).toBe("z by rank");
    expect(verdict({ priority: 101 }, {})).toBe("a by rank");
  });

  test("one that others follow stays, whatever the other claims", () => {
    expect(verdict({ support: 1 }, { priority: 1_000_000 })).toBe("a by seated");
    expect(verdict({ support: 1, mayClaim: false }, {})).toBe("a by seated");
  });

  test("that others follow: distinct sources count, between strangers", () => {
    expect(verdict({ support: 3 }, { support: 2, priority: 1_000 })).toBe("a by support");
    expect(verdict({ support: 2 }, { support: 2 })).toBe("z by rank");
  });

  test("of a partition that has healed: the rank decides at once", () => {
    expect(verdict({ support: 3 }, { support: 2 }, true)).toBe("z by rank");
    expect(verdict({ support: 3 }, {}, true)).toBe("a by seated");
  });

  test("one that two witnesses could not dial yields before all", () => {
    const followed = { support: 9, priority: 1_000, undialable: true };
    expect(verdict({ mustYield: true, isUnreached: true }, followed)).toBe("a by undialable");
  });

  test("one whose own setting names the other yields, also with followers", () => {
    expect(verdict({}, { support: 9, mustYield: true })).toBe("a by setting");
    expect(verdict({ mustYield: true }, { mustYield: true })).toBe("z by rank");
  });

  test("the other's word that it cannot dial counts only while nobody follows either", () => {
    expect(verdict({}, { isUnreached: true, priority: 1_000 })).toBe("a by unreached");
    expect(verdict({ support: 1 }, { support: 1, isUnreached: true })).toBe("z by rank");
    expect(verdict({ support: 1 }, { support: 2, isUnreached: true })).toBe("z by support");
  });
});

const claimants = (nodeId: string): fc.Arbitrary<Claimant> =>
  fc.record({
    nodeId: fc.constant(nodeId),
    priority: fc.constantFrom(0, 100, 1_000_000),
    mayClaim: fc.boolean(),
    undialable: fc.boolean(),
    mustYield: fc.boolean(),
    isUnreached: fc.boolean(),
    support: fc.nat(3),
  });

describe("whatever two hubs claim", () => {
  test("both come to the same verdict, from either side", () => {
    fc.assert(
      fc.property(claimants("a"), claimants("z"), fc.boolean(), (a, z, knownForLong) => {
        const verdictOfA = compareHubs(a, z, knownForLong);
        expect(compareHubs(z, a, knownForLong)).toEqual(verdictOfA);
        expect(["a", "z"]).toContain(verdictOfA.winner);
      }),
    );
  });

  test("a priority never unseats a hub that others follow by one that nobody follows", () => {
    fc.assert(
      fc.property(claimants("a"), claimants("z"), fc.boolean(), (a, z, knownForLong) => {
        const seated = { ...a, undialable: false, mustYield: false, support: a.support + 1 };
        const stranger = { ...z, support: 0 };
        expect(compareHubs(seated, stranger, knownForLong).winner).toBe("a");
      }),
    );
  });
});
