import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { run } from "../support/commands.ts";
import { Scratch } from "../support/scratch.ts";
import { cleanEnvironment, TANKD } from "../support/tankd.ts";

setDefaultTimeout(60_000);

/** What Bun, of which the executable is made, would read in the working directory. */
const HOSTILE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "a bunfig.toml that preloads code": {
    "bunfig.toml": 'preload = ["./preload.js"]\n',
    "preload.js": 'console.log("PRELOADED");\n',
  },
  "a malformed bunfig.toml": { "bunfig.toml": "preload = [\n" },
  "dotenv files of another project": Object.fromEntries(
    [".env", ".env.local", ".env.development", ".env.production"].map((name) => [
      name,
      "ROLE=worker\nTANK_SERVER_ID=evil\nLOG_LEVEL=debug\n",
    ]),
  ),
  "a malformed package.json": { "package.json": "{\n" },
  "a malformed tsconfig.json": { "tsconfig.json": "{\n" },
};

describe("the executable obeys nothing that lies in the working directory", () => {
  for (const [what, files] of Object.entries(HOSTILE)) {
    test(what, async () => {
      using innocent = new Scratch();
      using hostile = new Scratch();
      for (const [name, text] of Object.entries(files)) writeFileSync(hostile.path(name), text);
      for (const command of ["version", "config"]) {
        const ask = (cwd: string) =>
          run([TANKD, command], { cwd, env: cleanEnvironment(innocent.directory) });
        const expected = await ask(innocent.directory);
        const { exitCode, stdout, stderr } = await ask(hostile.directory);
        expect({ exitCode, stdout, stderr }).toEqual({ ...expected, exitCode: 0 });
      }
    });
  }
});
