import { describe, expect, test } from "bun:test";
import { SABOTAGE, type SabotageName } from "./sabotage.ts";
import { runScenario } from "./scenario.ts";
import { runSetBack } from "./set-back.ts";

/**
 * More of them: `SIMULATION_SEEDS=1000 bun test test/simulation`, or long.test.ts by `make
 * test-long`.
 */
const SEEDS = Number(process.env["SIMULATION_SEEDS"] ?? 50);
/**
 * Seeds within which each sabotage must be noticed. Every third one has tanks that are nearly full:
 * without refusals it is not to be seen that refusals are forgotten, and with them it is in one of
 * ten.
 */
const SABOTAGE_SEEDS = Array.from({ length: 60 }, (_, index) => 3 * (index + 1));
const SEED_TIMEOUT_MS = 120_000;
const RESTLESS_SEEDS = 6;
/** Among them every kind of accident. */
const SET_BACK_SEEDS = 11;

describe("a cluster through storms of kills, losses, copies, partitions and full disks", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(
      `seed ${seed}`,
      async () => {
        const report = await runScenario({ seed });
        expect(report.findings).toEqual([]);
      },
      SEED_TIMEOUT_MS,
    );
  }
});

test(
  "tanks that are moved from thread to thread all the time keep every promise too",
  async () => {
    let moves = 0;
    for (let seed = 1; seed <= RESTLESS_SEEDS; seed++) {
      const report = await runScenario({ seed, restlessTanks: 3 });
      expect([seed, report.findings]).toEqual([seed, []]);
      moves += report.moves;
    }
    expect(moves).toBeGreaterThan(10 * RESTLESS_SEEDS);
  },
  SEED_TIMEOUT_MS * RESTLESS_SEEDS,
);

describe("seeds that found a bug", () => {
  test(
    "45: hubs of which one alone has known the other for long must not both insist",
    async () => {
      expect((await runScenario({ seed: 45 })).findings).toEqual([]);
    },
    SEED_TIMEOUT_MS,
  );

  test(
    "2046, set back: the word of a copy, before it is known as one, must not stop its original",
    async () => {
      expect((await runSetBack({ seed: 2046 })).findings).toEqual([]);
    },
    SEED_TIMEOUT_MS,
  );

  test(
    "1031 with 7 nodes: who is willing after a game must not depend on a count of the tick before",
    async () => {
      expect((await runScenario({ seed: 1031, nodes: 7 })).findings).toEqual([]);
    },
    SEED_TIMEOUT_MS,
  );
});

test(
  "the same seed gives the same run",
  async () => {
    const [first, second] = [await runScenario({ seed: 4 }), await runScenario({ seed: 4 })];
    expect(second.trace).toBe(first.trace);
  },
  SEED_TIMEOUT_MS,
);

describe("data directories that are copied or set back", () => {
  for (let seed = 1; seed <= SET_BACK_SEEDS; seed++) {
    test(
      `seed ${seed}`,
      async () => {
        expect((await runSetBack({ seed })).findings).toEqual([]);
      },
      SEED_TIMEOUT_MS,
    );
  }

  test(
    "no_positions is noticed: a node goes on with what others know better, and fish live twice",
    async () => {
      const findings: string[] = [];
      for (let seed = 1; seed <= 3 * SET_BACK_SEEDS; seed++) {
        findings.push(...(await runSetBack({ seed, sabotage: "no_positions" })).findings);
        const [goesOn, twice] = ["goes on after set_back", "lives in two places"].map((words) =>
          findings.some((finding) => finding.includes(words)),
        );
        if (goesOn && twice) return;
      }
      expect(findings).toEqual(["a node that goes on, and fish in two places"]);
    },
    SEED_TIMEOUT_MS,
  );
});

/** Those that other kinds of runs, or of faults, are needed for have tests of their own. */
const ELSEWHERE: readonly SabotageName[] = [
  "no_positions",
  "early_answers",
  "guessed_refusals",
  "blind_start",
];

describe("a broken promise is noticed", () => {
  const names = Object.keys(SABOTAGE) as SabotageName[];
  for (const sabotage of names.filter((name) => !ELSEWHERE.includes(name))) {
    test(
      sabotage,
      async () => {
        expect(await seedThatNotices(sabotage)).toBeDefined();
      },
      SEED_TIMEOUT_MS * SABOTAGE_SEEDS.length,
    );
  }
});

async function seedThatNotices(sabotage: SabotageName): Promise<number | undefined> {
  for (const seed of SABOTAGE_SEEDS) {
    try {
      const { findings } = await runScenario({ seed, sabotage });
      if (findings.length > 0) return seed;
    } catch {
      // The product's own assertions have noticed it, which is as good.
      return seed;
    }
  }
  return undefined;
}
