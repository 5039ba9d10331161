import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { run, until } from "../support/commands.ts";
import { NodeProcess } from "../support/node-process.ts";
import { requiredTest } from "../support/required-test.ts";
import { Scratch } from "../support/scratch.ts";
import { ALONE, cleanEnvironment, PROMPTLY_MS, TANKD } from "../support/tankd.ts";
import { tankd } from "./local-node.ts";

setDefaultTimeout(60_000);

const NOBODY = 65_534;
const AS_NOBODY = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];

const noOtherUser =
  process.getuid?.() === 0 && Bun.which("setpriv") !== null
    ? undefined
    : "only root with setpriv can be another user";

test("a command for changes of role in the working directory is refused", async () => {
  using scratch = new Scratch();
  const obeyed = scratch.path("obeyed");
  const settings = `on_role_change = "touch ${obeyed}"\n`;
  writeFileSync(scratch.path("tankd.toml"), settings);
  const { exitCode, stderr } = await tankd(scratch, "start", "--data-dir", scratch.path("data"));
  expect(exitCode).toBe(2);
  expect(stderr).toContain("is refused, since that file is in the working directory");
});

test("a file that --config names is read instead of those that are found", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.path("tankd.toml"), 'cluster = "near"\n');
  writeFileSync(scratch.path("chosen.toml"), 'cluster = "chosen"\non_role_change = "true"\n');
  const shown = await tankd(scratch, "config", "--config", "chosen.toml", "--json");
  expect(shown.stdout).toContain(`"value": "chosen"`);
  expect(shown.stdout).not.toContain("near");
  const absent = await tankd(scratch, "config", "--config", "absent.toml");
  expect([absent.exitCode, absent.stderr]).toEqual([
    2,
    "tankd: --config names absent.toml, and there is no such file.\n",
  ]);
});

test("a working directory that has been removed is in nobody's way", async () => {
  using scratch = new Scratch();
  const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$1" config --file';
  const { exitCode, stderr } = await run(["sh", "-c", script, "sh", TANKD], {
    cwd: scratch.directory,
    env: cleanEnvironment(scratch.directory),
  });
  expect([exitCode, stderr]).toEqual([0, ""]);
});

describe("with the home directory of somebody else", () => {
  for (const [command, expected] of [
    [["config"], 0],
    [["status"], 3],
    [["peers"], 3],
    [["stop"], 3],
    [["logs"], 1],
    [["tank", "ls"], 3],
  ] as const) {
    requiredTest(`tankd ${command.join(" ")} is what it is elsewhere`, noOtherUser, async () => {
      using scratch = new Scratch();
      chmodSync(scratch.directory, 0o755);
      const home = scratch.path("home");
      mkdirSync(home, { mode: 0o700 });
      const env = { ...cleanEnvironment(home), HOME: home };
      const binary = scratch.path("tankd");
      await run(["cp", TANKD, binary]);
      const { exitCode, stderr } = await run([...AS_NOBODY, binary, ...command], {
        cwd: home,
        env,
      });
      expect([exitCode, stderr]).toEqual([expected, expect.not.stringContaining("EACCES")]);
    });
  }
});

requiredTest("a node starts in, and with, the home of somebody else", noOtherUser, async () => {
  using scratch = new Scratch();
  chmodSync(scratch.directory, 0o755);
  const home = scratch.path("home");
  mkdirSync(home, { mode: 0o700 });
  const data = scratch.path("data");
  mkdirSync(data);
  chownSync(data, NOBODY, NOBODY);
  const binary = scratch.path("tankd");
  await run(["cp", TANKD, binary]);
  await using node = new NodeProcess({
    directory: data,
    program: [...AS_NOBODY, binary],
    options: ALONE,
    environment: { HOME: home },
    cwd: home,
  });
  await until("the node is announced", PROMPTLY_MS, async () => existsSync(`${data}/node.json`));
  expect((await node.stop()).exitCode).toBe(0);
});

requiredTest("the log of somebody else's node is named as what it is", noOtherUser, async () => {
  using scratch = new Scratch();
  chmodSync(scratch.directory, 0o755);
  const binary = scratch.path("tankd");
  await run(["cp", TANKD, binary]);
  const data = scratch.path("data");
  mkdirSync(data, { mode: 0o711 });
  writeFileSync(`${data}/tankd.log`, "", { mode: 0o600 });
  const { exitCode, stderr } = await run([...AS_NOBODY, binary, "logs", "--data-dir", data], {
    cwd: "/",
    env: cleanEnvironment(scratch.directory),
  });
  expect(exitCode).toBe(1);
  expect(stderr).toStartWith(`tankd: ${data}/tankd.log cannot be used: access is denied`);
});
