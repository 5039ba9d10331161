import { describe, expect, test } from "bun:test";
import { ROTS } from "./rot.ts";
import { runRot } from "./rot-run.ts";

const TIMEOUT_MS = 120_000;
const KINDS = Object.keys(ROTS).length;
/** Each kind twice, in other places. */
const SEEDS = 2 * KINDS;
const RESEALED_SEEDS = 8;

describe("a disk that gives back what was not written there", () => {
  const stopped: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(
      `seed ${seed}: tanks are what they were, or stop; nothing is deleted or settled wrongly`,
      async () => {
        const report = await runRot({ seed });
        expect([report.rot, report.findings]).toEqual([report.rot, []]);
        stopped.push(...report.stopped);
      },
      TIMEOUT_MS,
    );
  }

  test("some of it leaves nothing to come back from", () => {
    expect(stopped.length).toBeGreaterThan(1);
    for (const reason of stopped) expect(reason).toMatch(/restore the data directory/);
  });
});

test(
  "rot that bears the right sums is noticed by the simulator",
  async () => {
    const findings: string[] = [];
    for (let seed = 1; seed <= RESEALED_SEEDS && findings.length === 0; seed++) {
      findings.push(...(await runRot({ seed, isResealed: true })).findings);
    }
    expect(findings.join("\n")).toMatch(/replay of \d+ commands differs/);
  },
  TIMEOUT_MS * RESEALED_SEEDS,
);
