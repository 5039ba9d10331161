import { describe, expect } from "bun:test";
import { join } from "node:path";
import { z } from "zod";
import { run } from "../support/commands.ts";
import { cleanEnvironment, TANKD } from "../support/tankd.ts";
import { fuseTest, MountedDisk } from "./mounted.ts";
import { Node } from "./node.ts";

const TIMEOUT_MS = 60_000;
const REMEDY = "put the data directory on a local file system, with --data-dir";

function startOn(directory: string, disk?: MountedDisk): Node {
  return new Node({
    directory,
    ...(disk && { under: disk.under, seen: disk.seen(directory) }),
    options: ["--tanks", "1"],
  });
}

function tankdOn(disk: MountedDisk, ...words: readonly string[]) {
  const command = [...disk.under, TANKD, ...words, "--data-dir", join(disk.path, "data")];
  return run(command, { env: cleanEnvironment("/") });
}

async function endOf(node: Node): Promise<readonly string[]> {
  expect(await node.ended).toEqual({ exitCode: 1, signal: null });
  return node.complaints;
}

const doctorSchema = z.object({
  checks: z.array(z.object({ id: z.string(), result: z.string(), what: z.string() })),
});

/** What the doctor says of the database in the data directory. */
async function diagnosis(disk: MountedDisk): Promise<unknown> {
  const { stdout } = await tankdOn(disk, "doctor", "--discovery", "none", "--json");
  const { checks } = doctorSchema.parse(JSON.parse(stdout));
  return checks.find(({ id }) => id === "database");
}

async function tankOf(node: Node): Promise<string> {
  const answer = await fetch(`${await node.healthy}/api/tanks`);
  const tanks = z.object({ tanks: z.array(z.object({ tank: z.object({ tank_id: z.string() }) })) });
  const [first] = tanks.parse(await answer.json()).tanks;
  if (first === undefined) throw new Error("the node has no tank");
  return first.tank.tank_id;
}

describe("a file system without shared memory", () => {
  fuseTest("is named with what it refuses, at a start and by doctor", TIMEOUT_MS, async () => {
    await using disk = await MountedDisk.openRefusing("shared-memory");
    const data = join(disk.path, "data");
    const refusal =
      `its file system, fuse (mounted at ${disk.path}), refuses shared memory ` +
      "(SQLITE_IOERR_SHMMAP), which SQLite's write-ahead log needs";
    expect(await endOf(startOn(data, disk))).toEqual([
      `tankd: ${data}/tankd.db cannot be used: ${refusal}: ${REMEDY}`,
    ]);
    expect(await diagnosis(disk)).toMatchObject({
      result: "fail",
      what: `no database works in ${data}: ${refusal}`,
    });
    // Nothing is lost by the attempt: the same directory serves once it is on a local disk.
    const node = startOn(join(disk.local, "data"));
    await node.healthy;
    expect((await node.stop()).exitCode).toBe(0);
  });

  fuseTest("shows a tank of a node that was stopped in order", TIMEOUT_MS, async () => {
    await using disk = await MountedDisk.openRefusing("shared-memory");
    const node = startOn(join(disk.local, "data"));
    const tank = await tankOf(node);
    expect((await tankdOn(disk, "replay", tank)).stderr).toContain("was not closed cleanly");
    await node.stop();
    const { exitCode, stderr } = await tankdOn(disk, "replay", tank);
    expect([exitCode, stderr]).toEqual([0, ""]);
  });
});

describe("a file system without locks", () => {
  fuseTest("is named with what it refuses, and no other node is blamed", TIMEOUT_MS, async () => {
    await using disk = await MountedDisk.openRefusing("locks");
    const data = join(disk.path, "data");
    expect(await endOf(startOn(data, disk))).toEqual([
      `tankd: ${data} cannot be used as data directory: its file system, fuse ` +
        `(mounted at ${disk.path}), refuses file locks (SQLITE_BUSY), which SQLite's write-ahead ` +
        `log needs: ${REMEDY}`,
    ]);
    expect(await diagnosis(disk)).toMatchObject({
      result: "fail",
      what: expect.stringContaining("refuses file locks"),
    });
  });
});
