import { describe, expect, test } from "bun:test";
import { OwnClones } from "../../../src/cluster/clones/own-clones.ts";
import { challengeBeside, signPresence } from "../../../src/cluster/clones/presence.ts";
import type { Problem } from "../../../src/platform/errors.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { ada, bob } from "./support-statements.ts";

function node(bootId: string, ageMs: number) {
  let fenced: Problem | undefined;
  const clones = new OwnClones({
    identity: ada,
    bootId,
    ageMs: () => ageMs,
    isFenced: () => fenced !== undefined,
    fence: (problem: Problem) => {
      fenced = problem;
    },
    log: silentLog,
  });
  return { clones, fenced: () => fenced };
}

describe("a node that meets its clone", () => {
  const clone = { bootId: "b", uptimeMs: 50_000, fenced: false, where: "at 10.0.0.2:8000" };
  const cases = [
    { what: "is older", ageMs: 40_000, askedAtMs: 39_000, fences: true },
    { what: "is younger", ageMs: 61_000, askedAtMs: 60_000, fences: false },
    {
      what: "is of the same age, with the lower boot id",
      ageMs: 50_500,
      askedAtMs: 49_500,
      own: "c",
      fences: true,
    },
    {
      what: "is of the same age, with the higher boot id",
      ageMs: 50_500,
      askedAtMs: 49_500,
      own: "a",
      fences: false,
    },
    {
      what: "does not tell its age",
      ageMs: 90_000,
      askedAtMs: 89_000,
      uptimeMs: undefined,
      fences: true,
    },
    { what: "is older and fenced", ageMs: 1_000, askedAtMs: 900, fenced: true, fences: false },
    { what: "is ourselves", ageMs: 1_000, askedAtMs: 900, own: "b", fences: false },
  ] as const;
  for (const { what, ageMs, askedAtMs, fences, ...rest } of cases) {
    test(`${fences ? "is fenced" : "goes on"} if it ${what}`, () => {
      const { own = "late", ...changed } = { ...rest } as { own?: string };
      const { clones, fenced } = node(own, ageMs);
      clones.meet({ ...clone, ...changed }, askedAtMs);
      expect(fenced() !== undefined).toBe(fences);
    });
  }

  test("and is dialled by it is fenced only if it is surely younger", () => {
    for (const [ageMs, fences] of [
      [49_000, true],
      [51_000, false],
    ] as const) {
      const { clones, fenced } = node("late", ageMs);
      clones.hear(clone);
      expect(fenced() !== undefined).toBe(fences);
    }
  });
});

describe("a node that is shown a proof of its clone", () => {
  function proof(by: typeof ada, bootId: string, uptimeMs: number, beside: string, fenced = false) {
    const challenge = challengeBeside(beside, "nonce-nonce-nonce");
    const signature = signPresence(by, { bootId, uptimeMs, fenced }, challenge);
    return { boot_id: bootId, uptime_ms: uptimeMs, fenced, challenge, signature };
  }

  test("is fenced if the other is older", () => {
    const { clones, fenced } = node("late", 5_000);
    clones.judge(proof(ada, "early", 60_000, "late"), "elsewhere");
    expect(fenced()?.code).toBe("directory_copied");
  });

  const unconvincing = {
    "is younger": proof(ada, "early", 60_000, "late"),
    "is fenced itself": proof(ada, "early", 600_000, "late", true),
    "is our own past, who cannot know our present start": proof(ada, "past", 600_000, "older"),
    "is ourselves": proof(ada, "late", 600_000, "late"),
    "is somebody else": proof(bob, "early", 600_000, "late"),
    "was made older than it said": { ...proof(ada, "early", 10, "late"), uptime_ms: 600_000 },
  };
  for (const [what, shown] of Object.entries(unconvincing)) {
    test(`goes on if the other ${what}`, () => {
      const { clones, fenced } = node("late", 300_000);
      clones.judge(shown, "elsewhere");
      expect(fenced()).toBeUndefined();
    });
  }
});
