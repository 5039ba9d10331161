import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { run, until } from "../../support/commands.ts";
import { NodeProcess } from "../../support/node-process.ts";
import { requiredTest } from "../../support/required-test.ts";
import { Scratch } from "../../support/scratch.ts";
import { ALONE, cleanEnvironment, TANKD } from "../../support/tankd.ts";
import { hostileDirectoryTests } from "../hostile-directory.ts";
import { ARTEFACTS, type Artefact } from "./artefacts.ts";

/** A bound on failure: an emulated node takes some seconds for each command. */
setDefaultTimeout(300_000);
const START_MS = 120_000;
/** An emulated node answers late while its world takes all of its time. */
const GENTLY = ["--fish", "10", "--tick-rate", "1"];

const ISLANDS = "run --seed 5 --ticks 300 --fish 50 --tanks 3 --topology ring --threads 2 --json";
const HERMIT = "run --seed 1 --ticks 1000 --json";
const digestSchema = z.object({ digest: z.string() });
const tanksSchema = z.object({ count: z.number() });

async function output(command: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, { env: cleanEnvironment("/tmp") });
  expect([exitCode, stderr]).toEqual([0, ""]);
  return stdout;
}

describe.each(ARTEFACTS)("$name", (artefact: Artefact) => {
  let folder = "";
  let program: readonly string[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tankd-artefact-"));
    if (artefact.missing === undefined) program = await artefact.prepare(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  requiredTest("runs, and says what it is", artefact.missing, async () => {
    expect(await output([...program, "version"])).toContain(`  ${artefact.platform}  Bun `);
  });

  if (artefact.missing !== undefined) return;
  hostileDirectoryTests(() => program);

  requiredTest("makes the same worlds as the build of this machine", undefined, async () => {
    for (const words of [HERMIT, ISLANDS]) {
      const digests = await Promise.all(
        [program, [TANKD]].map(async (command) => {
          const text = await output([...command, ...words.split(" ")]);
          return digestSchema.parse(JSON.parse(text)).digest;
        }),
      );
      expect(digests[0]).toBe(digests[1] ?? "");
    }
  });

  if (!artefact.canBeNode) return;
  requiredTest("is a node that is asked, changed, stopped and recovered", undefined, async () => {
    using scratch = new Scratch();
    const data = scratch.path("data");
    const ask = (...words: readonly string[]) => output([...program, ...words, "--data-dir", data]);
    for (const tanks of [2, 3]) {
      const options = [...ALONE, ...GENTLY];
      await using node = new NodeProcess({ directory: data, program, options });
      await until("the node is online", START_MS, async () => (await ask("status")) !== "");
      await ask("tank", "create", "--fish", "10");
      const list = await ask("tank", "ls", "--json");
      expect(tanksSchema.parse(JSON.parse(list)).count).toBe(tanks);
      expect(await ask("stop")).toContain("Stopped the node");
      expect((await node.ended).exitCode).toBe(0);
    }
  });
});
