import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { run } from "../support/commands.ts";
import { cleanEnvironment, TANKD } from "../support/tankd.ts";

/**
 * The tables of sealed runs, read by the tools that researchers have (requirements.txt): none is
 * told more than the name of the file, and all must count what the run itself has counted.
 */

const INSTALL_MS = 900_000;
const READ_MS = 300_000;
const directory = mkdtempSync(join(tmpdir(), "tankd-tools-"));
const python = join(directory, "venv/bin/python");

// Ten thousand files of the environment, on a busy disk.
afterAll(() => rmSync(directory, { recursive: true }), READ_MS);

beforeAll(async () => {
  await finish("python3", "-m", "venv", join(directory, "venv"));
  const wanted = join(import.meta.dir, "requirements.txt");
  await finish(python, "-m", "pip", "install", "--quiet", "--requirement", wanted);
}, INSTALL_MS);

/** Runs a command that must succeed, however long it takes. */
async function finish(...command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed: ${err.trim()}`);
  return out;
}

const summarySchema = z.object({
  parameters: z.object({ fish: z.number(), tanks: z.number() }),
  result: z.object({
    alive: z.number(),
    births: z.number(),
    deaths: z.record(z.string(), z.number()),
    max_generation: z.number(),
    migrations: z.number(),
  }),
  spawned: z.number(),
});

type Summary = z.infer<typeof summarySchema>;

const tableSchema = z.object({ ancestors: z.number() });
const countsSchema = z.looseObject({
  pandas: z.array(tableSchema.loose()),
  hstrat: z.looseObject({ origin_times: z.number() }),
  trees: z.record(z.string(), z.unknown()),
});

/** What each tool must say of a run with this summary. */
function expected({ parameters, result, spawned }: Summary, counts: z.infer<typeof countsSchema>) {
  const lives = parameters.tanks * parameters.fish + spawned + result.births;
  const [both = 0, first = 0] = counts.pandas.map(({ ancestors }) => ancestors);
  const roots = lives - first;
  const table = {
    lives,
    ids: lives,
    living: result.alive,
    generation: result.max_generation,
    hops: result.migrations,
    population: result.alive,
    births: result.births,
    deaths: Object.values(result.deaths).reduce((sum, number) => sum + number, 0),
    texts: ["ancestor_list", "born"],
  };
  const tables = [
    { ...table, ancestors: both },
    { ...table, ancestors: first },
  ];
  const { origin_times } = counts.hstrat;
  const forest = { lives, roots, refuses_two: both > first };
  return {
    pandas: tables,
    polars: tables,
    networkx: tables.map(({ ancestors }) => ({ lives, ancestors })),
    phylotrackpy: { ...forest, living: result.alive },
    hstrat: {
      living: result.alive,
      strata: origin_times,
      origin_times,
      valid: [true, true],
      asexual: [both === first, true],
      roots,
    },
    trees: Object.fromEntries(Object.keys(counts.trees).map((name) => [name, forest])),
  };
}

/** @param stopAfterS seconds after which it is stopped, where it has no end of its own */
async function sealedRun(
  name: string,
  options: readonly string[],
  stopAfterS: number | undefined,
): Promise<string> {
  const out = join(directory, name);
  const under = stopAfterS === undefined ? [] : ["timeout", String(stopAfterS)];
  const { exitCode, stderr } = await run([...under, TANKD, "run", "--out", out, ...options], {
    env: cleanEnvironment(directory),
  });
  // 124: `timeout` has stopped it.
  if (exitCode !== (stopAfterS === undefined ? 0 : 124)) throw new Error(stderr);
  return out;
}

describe("all tools count what the run has counted", () => {
  test.each([
    ["one-tank", ["--ticks", "3000"], "run.json", undefined],
    ["four-tanks", ["--seed", "7", "--ticks", "5000", "--tanks", "4"], "run.json", undefined],
    // More tanks than the lines that polars judges a column by.
    [
      "many-tanks",
      ["--ticks", "600", "--tanks", "120", "--migrate-every", "100"],
      "run.json",
      undefined,
    ],
    ["without-a-tick", ["--ticks", "0"], "run.json", undefined],
    ["stopped", ["--ticks", "100000000", "--tanks", "2"], "run.partial.json", 5],
  ] as const)(
    "%s",
    async (name, options, file, stopAfterS) => {
      const out = await sealedRun(name, options, stopAfterS);
      const summary = summarySchema.parse(JSON.parse(readFileSync(join(out, file), "utf8")));
      const script = join(import.meta.dir, "read_tables.py");
      const counts = countsSchema.parse(JSON.parse(await finish(python, script, out)));
      expect(counts).toEqual(expected(summary, counts));
    },
    READ_MS,
  );
});
