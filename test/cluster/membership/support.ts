import fc from "fast-check";
import type { Pong } from "../../../src/cluster/membership/pinger.ts";
import type { Candidate } from "../../../src/cluster/membership/rank.ts";
import { described } from "../peers/support.ts";

/** A hub that has nothing to say. */
export const PONG: Pong = {
  reply: {
    node_id: "hub",
    boot_id: "1",
    standing: { ...described("hub").document.standing, role: "hub" },
    listed: true,
    hears_hub: true,
    lag_ms: 0,
    successors: [],
    lost: null,
    registry: null,
    proof: "",
  },
  rttMs: 1,
};

/** Candidates with ids of their own; few priorities, so that the ids often decide. */
export function candidates(options: { readonly minLength: number }): fc.Arbitrary<Candidate[]> {
  const one = fc.record({
    nodeId: fc.string({ minLength: 1, maxLength: 3 }),
    priority: fc.constantFrom(0, 100, 1_000),
    mayClaim: fc.boolean(),
  });
  return fc.uniqueArray(one, { ...options, maxLength: 8, selector: ({ nodeId }) => nodeId });
}
