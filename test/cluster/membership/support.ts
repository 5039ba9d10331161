import fc from "fast-check";
import type { Candidate } from "../../../src/cluster/membership/rank.ts";

/** Candidates with ids of their own; few priorities, so that the ids often decide. */
export function candidates(options: { readonly minLength: number }): fc.Arbitrary<Candidate[]> {
  const one = fc.record({
    nodeId: fc.string({ minLength: 1, maxLength: 3 }),
    priority: fc.constantFrom(0, 100, 1_000),
    mayClaim: fc.boolean(),
  });
  return fc.uniqueArray(one, { ...options, maxLength: 8, selector: ({ nodeId }) => nodeId });
}
