import { expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { run } from "../support/commands.ts";
import { TANKD } from "../support/tankd.ts";
import { MountedDisk, mountTest } from "./mounted.ts";

/** Sealed runs whose directory of results is on a disk without room. */

const TIMEOUT_MS = 120_000;
const DISK_KB = 4 * 1024;
const KB = 1024;
const SUMMARY_KB = 8;
const TABLES = ["series.csv", "phylogeny.csv", "phylogeny-asexual.csv"] as const;

function sealedRun(disk: MountedDisk, ...options: readonly string[]) {
  const out = `${disk.path}/results`;
  return run([...disk.under, TANKD, "run", "--tanks", "4", "--out", out, ...options]);
}

for (const leftKb of [0, 4, SUMMARY_KB, 40, 400]) {
  mountTest(`${leftKb} kB of room: the run says what is wrong`, TIMEOUT_MS, async () => {
    await using disk = await MountedDisk.open(DISK_KB);
    const results = disk.seen(`${disk.path}/results`);
    disk.fill(leftKb * KB);
    const { exitCode, stdout, stderr } = await sealedRun(disk, "--ticks", "1000000");
    expect([exitCode, stdout, stderr]).toEqual([
      1,
      "",
      `tankd: --out ${disk.path}/results cannot be written: the disk is full (ENOSPC)\n`,
    ]);
    expect(existsSync(`${results}/run.json`)).toBe(false);
    if (leftKb <= SUMMARY_KB) return;
    const summary = JSON.parse(readFileSync(`${results}/run.partial.json`, "utf8"));
    expect(summary).toMatchObject({ complete: false, parameters: { ticks: 1_000_000 } });
    for (const table of TABLES) expect(readFileSync(`${results}/${table}`, "utf8")).toEndWith("\n");
    disk.free();
    expect((await sealedRun(disk, "--ticks", "100", "--force")).exitCode).toBe(0);
  });
}

mountTest("a read-only disk is named, too", TIMEOUT_MS, async () => {
  await using disk = await MountedDisk.open(DISK_KB);
  await disk.remount("ro");
  const { exitCode, stderr } = await sealedRun(disk, "--ticks", "10");
  expect([exitCode, stderr]).toEqual([
    1,
    `tankd: --out ${disk.path}/results cannot be written: the disk is read-only (EROFS)\n`,
  ]);
});
