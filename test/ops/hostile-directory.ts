import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { run } from "../support/commands.ts";
import { Scratch } from "../support/scratch.ts";
import { cleanEnvironment } from "../support/tankd.ts";

/** A preload that shows that it ran. */
const PRELOAD = 'console.log("PRELOADED");\n';
const MALFORMED = "{\n";

/** What Bun, of which the executable is made, would read in the working directory. */
const HOSTILE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "a bunfig.toml that preloads code": {
    "bunfig.toml": 'preload = ["./preload.js"]\n',
    "preload.js": PRELOAD,
  },
  "a malformed bunfig.toml": { "bunfig.toml": "preload = [\n" },
  "dotenv files of another project": Object.fromEntries(
    [".env", ".env.local", ".env.development", ".env.production"].map((name) => [
      name,
      "ROLE=worker\nTANK_SERVER_ID=evil\nLOG_LEVEL=debug\n",
    ]),
  ),
  "a malformed package.json": { "package.json": MALFORMED },
  "a malformed tsconfig.json": { "tsconfig.json": MALFORMED },
};

/**
 * Tests that nothing in the working directory changes what a program does.
 * @param program the command line that runs tankd; asked for when a test runs
 */
export function hostileDirectoryTests(program: () => readonly string[]): void {
  describe("obeys nothing that lies in the working directory", () => {
    for (const [what, files] of Object.entries(HOSTILE)) {
      test(what, async () => {
        using innocent = new Scratch();
        using hostile = new Scratch();
        for (const [name, text] of Object.entries(files)) writeFileSync(hostile.path(name), text);
        for (const command of ["version", "config"]) {
          const ask = (cwd: string) =>
            run([...program(), command], { cwd, env: cleanEnvironment(innocent.directory) });
          const expected = await ask(innocent.directory);
          const { exitCode, stdout, stderr } = await ask(hostile.directory);
          expect({ exitCode, stdout, stderr }).toEqual({ ...expected, exitCode: 0 });
        }
      });
    }
  });

  test("ends before any code that BUN_OPTIONS wants to be loaded first", async () => {
    using scratch = new Scratch();
    writeFileSync(scratch.path("first.js"), PRELOAD);
    const env = {
      ...cleanEnvironment(scratch.directory),
      BUN_OPTIONS: `--preload=${scratch.path("first.js")}`,
    };
    const ended = await run([...program(), "version"], { cwd: scratch.directory, env });
    expect([ended.exitCode, ended.stdout]).toEqual([1, ""]);
    expect(ended.stderr).toStartWith("EvalError: Code generation from strings disallowed");
  });
}
