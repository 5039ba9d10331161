import { describe, expect, test } from "bun:test";
import { unmet } from "./combinations.ts";
import { runLong } from "./long-run.ts";
import { runRot } from "./rot-run.ts";
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
const ROT_SEEDS = 90;
/** Simulated minutes in which every declared combination is met. */
const LONG_MINUTES = 240;
const LONG_TIMEOUT_MS = 1_800_000;

describe("hours of every kind of fault", () => {
  test(
    "on three nodes, in which every declared combination is met",
    async () => {
      const { findings, pairs } = await runLong({ seed: FIRST_SEED, minutes: LONG_MINUTES });
      expect([findings, unmet(pairs)]).toEqual([[], []]);
    },
    LONG_TIMEOUT_MS,
  );

  test(
    "on seven nodes",
    async () => {
      const report = await runLong({ seed: FIRST_SEED, nodes: 7, minutes: LONG_MINUTES / 6 });
      expect(report.findings).toEqual([]);
    },
    LONG_TIMEOUT_MS,
  );
});

describe("disks that give back what was not written there", () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROT_SEEDS; seed++) {
    test(
      `seed ${seed}`,
      async () => {
        expect((await runRot({ seed })).findings).toEqual([]);
      },
      SEED_TIMEOUT_MS,
    );
  }
});

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
