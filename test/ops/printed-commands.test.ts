import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { run } from "../support/commands.ts";
import { Scratch } from "../support/scratch.ts";
import { ALONE, cleanEnvironment, TANKD } from "../support/tankd.ts";

setDefaultTimeout(60_000);

/** The program under another directory, called from there, with PATH as it is or led to it. */
function shell(scratch: Scratch, line: string, onPath: boolean) {
  const clean = cleanEnvironment(scratch.directory);
  const env = onPath ? { ...clean, PATH: `${scratch.path("dist")}:${clean["PATH"]}` } : clean;
  return run(["sh", "-c", line], { env, cwd: scratch.directory });
}

function installed(): Scratch {
  const scratch = new Scratch();
  mkdirSync(scratch.path("dist"));
  symlinkSync(TANKD, scratch.path("dist/tankd"));
  return scratch;
}

test.each([
  ["dist/tankd", false, "dist/tankd"],
  ["./dist/tankd", false, "./dist/tankd"],
  ["dist/tankd", true, "tankd"],
  ["tankd", true, "tankd"],
])("called as %s, on PATH: %p, commands are printed as %s", async (typed, onPath, word) => {
  using scratch = installed();
  const { stderr } = await shell(scratch, `${typed} status --data-dir data`, onPath);
  const given = "--data-dir data";
  expect(stderr).toBe(
    `tankd: no node is running on data; start one with: ${word} start ${given}\n`,
  );
});

test("what start -d prints to stop it stops it, typed as it stands", async () => {
  using scratch = installed();
  const start = `dist/tankd start -d --data-dir 'my data' ${ALONE.join(" ")}`;
  const { stdout } = await shell(scratch, start, false);
  const stop = /to stop it: (.*)\n/.exec(stdout)?.[1] ?? "";
  expect(stop).toBe("dist/tankd stop --data-dir 'my data'");
  expect(await shell(scratch, stop, false)).toMatchObject({ exitCode: 0, stderr: "" });
});
