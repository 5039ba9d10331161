import { describe, expect, test } from "bun:test";
import { runScenario } from "./scenario.ts";
import { runSetBack } from "./set-back.ts";

/** Seeds beyond those of the quick form. */
const FIRST_SEED = 1_000;
const SIZES = [
  { nodes: 3, seeds: 300 },
  { nodes: 7, seeds: 40 },
  { nodes: 12, seeds: 10 },
] as const;
const SEED_TIMEOUT_MS = 300_000;

const SET_BACK_SEEDS = 300;

describe("data directories that are copied or set back", () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SET_BACK_SEEDS; seed++) {
    test(
      `seed ${seed}`,
      async () => {
        expect((await runSetBack({ seed })).findings).toEqual([]);
      },
      SEED_TIMEOUT_MS,
    );
  }
});

for (const { nodes, seeds } of SIZES) {
  describe(`${nodes} nodes through storms`, () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + seeds; seed++) {
      test(
        `seed ${seed}`,
        async () => {
          expect((await runScenario({ seed, nodes })).findings).toEqual([]);
        },
        SEED_TIMEOUT_MS,
      );
    }
  });
}
