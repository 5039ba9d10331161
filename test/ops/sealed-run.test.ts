import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { run, until } from "../support/commands.ts";
import { Scratch } from "../support/scratch.ts";
import { cleanEnvironment, PROMPTLY_MS, TANKD } from "../support/tankd.ts";
import { tankd } from "./local-node.ts";

/** Sealed runs of the built program: real threads, real files, real signals. */

const RING = ["run", "--seed", "8", "--ticks", "1500", "--tanks", "4", "--migrate-every", "250"];

let scratch: Scratch;

beforeAll(() => {
  scratch = new Scratch();
});

afterAll(() => {
  scratch[Symbol.dispose]();
});

test("threads change neither the digest nor a byte of what is written", async () => {
  const files = await Promise.all(
    ["1", "3", "9"].map(async (threads) => {
      const out = scratch.path(`threads-${threads}`);
      const ran = await tankd(scratch, ...RING, "--threads", threads, "--out", out, "--json");
      expect([ran.exitCode, ran.stderr]).toEqual([0, ""]);
      const { digest, migrations } = JSON.parse(ran.stdout);
      expect(migrations).toBe(5 * 4 * 2);
      const read = (name: string) => readFileSync(`${out}/${name}`, "utf8");
      return { digest, series: read("series.csv"), phylogeny: read("phylogeny.csv") };
    }),
  );
  expect(files[1]).toEqual(files[0]);
  expect(files[2]).toEqual(files[0]);
});

/** A run without an end, once some of its lives have ended. */
async function endless(out: string, ...under: readonly string[]) {
  const command = [...RING, "--ticks", "100000000", "--threads", "2", "--out", out, "--json"];
  const child = Bun.spawn([...under, TANKD, ...command], {
    env: cleanEnvironment(scratch.directory),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  await until("some lives have ended", PROMPTLY_MS, async () => lives(out).length > 20);
  return child;
}

function lives(out: string): readonly string[] {
  const path = `${out}/phylogeny.csv`;
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").slice(1) : [];
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, "utf8"));
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends threads with %p and leaves whole tables", async (signal, exitCode) => {
  const out = scratch.path(`stopped-by-${signal}`);
  const child = await endless(out);
  expect(readJson(`${out}/run.partial.json`)).toMatchObject({
    complete: false,
    parameters: { seed: 8, ticks: 100_000_000, tanks: 4 },
  });
  child.kill(signal);
  expect(await child.exited).toBe(exitCode);
  const result = JSON.parse(await new Response(child.stdout).text());
  expect(await new Response(child.stderr).text()).toBe(
    `tankd: stopped at tick ${result.ticks} of 100000000\n`,
  );
  expect(existsSync(`${out}/run.json`)).toBe(false);
  const summary = readJson(`${out}/run.partial.json`);
  expect(summary).toMatchObject({ complete: false, result });
  expect(lives(out).every((line) => /^\d+,"\[[^\]]*\]"(,[^,]+){8}$/.test(line))).toBe(true);
  expect(lives(out).filter((line) => line.includes(",inf,"))).toHaveLength(result.alive);
  const again = await tankd(scratch, ...summary.command.split(" ").slice(1), "--json");
  expect(JSON.parse(again.stdout).digest).toBe(result.digest);
});

test("`timeout`, which signals twice, leaves whole tables, too", async () => {
  const out = scratch.path("timed-out");
  const child = await endless(out, "timeout", "--preserve-status", "2");
  expect(await child.exited).toBe(143);
  expect(readJson(`${out}/run.partial.json`)).toHaveProperty("result");
});

test("a run that was killed does not look like one that came to its end", async () => {
  const out = scratch.path("killed");
  const child = await endless(out);
  child.kill("SIGKILL");
  await child.exited;
  expect(existsSync(`${out}/run.json`)).toBe(false);
  expect(readJson(`${out}/run.partial.json`)).toMatchObject({ complete: false });
});

test("files of a run are refused and stay; an empty directory and --force are fine", async () => {
  const out = scratch.path("used");
  mkdirSync(out);
  const command = ["run", "--ticks", "200", "--out", out];
  expect((await tankd(scratch, ...command)).exitCode).toBe(0);
  const before = readdirSync(out).map((name) => [name, statSync(`${out}/${name}`).mtimeMs]);
  const refused = await tankd(scratch, ...command, "--seed", "9");
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("or --force")]);
  expect(readdirSync(out).map((name) => [name, statSync(`${out}/${name}`).mtimeMs])).toEqual(
    before,
  );
  expect((await tankd(scratch, ...command, "--seed", "9", "--force")).exitCode).toBe(0);
  expect(readJson(`${out}/run.json`).parameters.seed).toBe(9);
});

test("a directory that cannot be written has failed, like any file that cannot be", async () => {
  const ran = await tankd(scratch, ...RING, "--out", "/dev/null/results");
  expect([ran.exitCode, ran.stdout]).toEqual([1, ""]);
  expect(ran.stderr).toBe(
    "tankd: --out /dev/null/results cannot be written: " +
      "a file is in place of a directory (ENOTDIR)\n",
  );
});

test("a result that cannot be written is no bug", async () => {
  const script = '"$@" >/dev/full';
  for (const words of [["run", "--ticks", "10"], ["version"], ["--help"]]) {
    const { exitCode, stderr } = await run(["sh", "-c", script, "sh", TANKD, ...words]);
    expect([words, exitCode, stderr]).toEqual([
      words,
      1,
      "tankd: stdout cannot be written: the disk is full (ENOSPC)\n",
    ]);
  }
});

test("messages that cannot be written change no exit code", async () => {
  const { exitCode, stdout } = await run(["sh", "-c", '"$@" 2>/dev/full', "sh", TANKD, "tnak"]);
  expect([exitCode, stdout]).toEqual([2, ""]);
});
