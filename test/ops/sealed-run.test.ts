import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { until } from "../support/commands.ts";
import { cleanEnvironment, PROMPTLY_MS, TANKD } from "../support/tankd.ts";
import { Scratch, tankd } from "./local-node.ts";

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

test("Ctrl-C ends threads and leaves complete files", async () => {
  const out = scratch.path("interrupted");
  const command = [...RING, "--ticks", "100000000", "--threads", "2", "--out", out, "--json"];
  const child = Bun.spawn([TANKD, ...command], {
    env: cleanEnvironment(scratch.directory),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  await until("some lives have ended", PROMPTLY_MS, async () => {
    const path = `${out}/phylogeny.csv`;
    return existsSync(path) && readFileSync(path, "utf8").split("\n").length > 20;
  });
  child.kill("SIGINT");
  expect(await child.exited).toBe(0);
  const result = JSON.parse(await new Response(child.stdout).text());
  expect(await new Response(child.stderr).text()).toBe(
    `tankd: stopped at tick ${result.ticks} of 100000000\n`,
  );
  const summary = JSON.parse(readFileSync(`${out}/run.json`, "utf8"));
  expect(summary).toMatchObject({ complete: false, result });
  const lives = readFileSync(`${out}/phylogeny.csv`, "utf8").trimEnd().split("\n");
  const columns = lives[0]?.split(",").length ?? 0;
  const cells = /"\[[^\]]*\]"/;
  expect(lives.every((line) => line.replace(cells, "").split(",").length === columns)).toBe(true);
  const again = await tankd(scratch, ...summary.command.split(" ").slice(1), "--json");
  expect(JSON.parse(again.stdout).digest).toBe(result.digest);
});

test("a directory that cannot be written is wrong usage", async () => {
  const ran = await tankd(scratch, ...RING, "--out", "/dev/null/results");
  expect([ran.exitCode, ran.stdout]).toEqual([2, ""]);
  expect(ran.stderr).toMatch(/^tankd: --out \/dev\/null\/results cannot be written: .+\n$/);
});
