import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ALL_FAULTS } from "./faults/all.ts";
import { type LongOptions, runLong } from "./long-run.ts";
import type { SabotageName } from "./sabotage.ts";

/** More of them: `LONG_SEEDS=50 bun test ./test/simulation/long-run.test.ts`. */
const SEEDS = Number(process.env["LONG_SEEDS"] ?? 4);
/** One round. */
const MINUTES = 3;
const TIMEOUT_MS = 300_000;
/** Seeds within which a sabotage has to be noticed. */
const SABOTAGE_SEEDS = 8;

const faultsNamed = (...names: readonly string[]) =>
  ALL_FAULTS.filter(({ name }) => names.includes(name));

/** The first finding under a sabotage, of the first seed that has one. */
async function noticed(options: Omit<LongOptions, "seed" | "minutes">): Promise<string> {
  for (let seed = 1; seed <= SABOTAGE_SEEDS; seed++) {
    const { findings } = await runLong({ seed, minutes: MINUTES, ...options });
    if (findings.length > 0) return findings.join("\n");
  }
  return "nothing";
}

describe("a cluster through every kind of fault, with audits after each phase", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(
      `seed ${seed}`,
      async () => {
        const { findings, transfers } = await runLong({ seed, minutes: MINUTES });
        expect(findings).toEqual([]);
        expect(transfers).toBeGreaterThan(100);
      },
      TIMEOUT_MS,
    );
  }
});

describe("a healthy cluster, in which nothing goes wrong, is audited too", () => {
  test(
    "and is fine, while fish swim and at rest",
    async () => {
      const report = await runLong({ seed: 5, minutes: MINUTES, faults: [] });
      expect([report.findings, [...report.faults]]).toEqual([[], []]);
      expect(report.transfers).toBeGreaterThan(500);
    },
    TIMEOUT_MS,
  );

  test.each(["no_escrow", "no_dedup"] as const)(
    "%s is noticed without any fault",
    async (sabotage) => {
      const { findings } = await runLong({ seed: 5, minutes: MINUTES, faults: [], sabotage });
      expect(findings.join("\n")).toMatch(/While fish swim, the audit by n\d: \d+ missing/);
    },
    TIMEOUT_MS,
  );
});

const SABOTAGED: readonly (readonly [SabotageName, readonly string[], RegExp])[] = [
  ["early_answers", ["power_cut"], /is fenced|imported|missing|differs|two places/],
  ["guessed_refusals", ["other_build", "cut", "kill"], /imported|two places|double/],
  ["blind_start", ["start_paused"], /imported|two places|double|missing/],
];

describe("a broken promise is noticed by the faults that it needs", () => {
  test.each(SABOTAGED)(
    "%s, by %j",
    async (sabotage, names, words) => {
      const faults = faultsNamed(...names);
      expect(faults.length).toBeGreaterThanOrEqual(names.length);
      expect(await noticed({ sabotage, faults })).toMatch(words);
    },
    TIMEOUT_MS * SABOTAGE_SEEDS,
  );
});

test(
  "the same seed gives the same run, event by event, and the same words",
  async () => {
    const [one, other] = [await said(), await said()];
    expect(one).toStartWith("seed 6 \n");
    expect(one).toMatch(/simulated hours, \d+ steps, \d+ transfers/);
    expect(one).toMatch(/faults: .*\d/);
    expect(one).toMatch(/combinations met: \d+ of \d+ pairs/);
    expect(other).toBe(one);
    const run = () => runLong({ seed: 6, minutes: 1 });
    expect((await run()).trace).toBe((await run()).trace);
  },
  TIMEOUT_MS,
);

async function said(): Promise<string> {
  const words = [join(import.meta.dir, "run.ts"), "--seed", "6", "--minutes", "1"];
  const run = Bun.spawn([process.execPath, ...words], { stdout: "pipe", stderr: "inherit" });
  const output = await new Response(run.stdout).text();
  expect(await run.exited).toBe(0);
  return output;
}
