import { describe, expect } from "bun:test";
import { Prng } from "../../src/platform/simulated/prng.ts";
import type { Client } from "./client.ts";
import { MountedDisk, mountTest } from "./mounted.ts";
import type { Node } from "./node.ts";
import { Trial } from "./trial.ts";

const TIMEOUT_MS = 120_000;
/** More than the write-ahead log grows to between two checkpoints (4 MB) beside the database. */
const DISK_KB = 16 * 1024;
const KB = 1024;

async function trialOn(disk: MountedDisk, ...options: readonly string[]): Promise<Trial> {
  const data = `${disk.path}/data`;
  return new Trial({ data, seen: disk.seen(data), under: disk.under, options });
}

async function expectNoWrites(node: Node, client: Client): Promise<void> {
  expect(await client.unready()).toContain("storage");
  const refused = await client.change("POST", "/api/tanks", { name: "one too many" });
  expect(refused).toMatchObject({
    kind: "refused",
    problem: { type: "urn:tankd:problem:storage_unavailable", status: 503 },
  });
  expect(refused.kind === "refused" && refused.problem.detail).toContain("the disk is full");
  for (const path of ["/health", "/api/tanks", "/api/servers/local", "/api/connections"]) {
    expect((await client.read(path)).status).toBe(200);
  }
  expect(node.complaints).toEqual([]);
}

/** A start on a full disk: it runs, or it ends with one sentence that says what to do. */
async function startsOrSaysWhy(node: Node, directory: string): Promise<"runs" | "refuses"> {
  const risen = await node.healthy.then(
    () => true,
    () => false,
  );
  if (risen) {
    expect((await node.stop()).exitCode).toBe(0);
    return "runs";
  }
  expect((await node.ended).exitCode).toBe(1);
  expect(node.complaints).toHaveLength(1);
  expect(node.complaints[0]).toContain(directory);
  expect(node.complaints[0]).toMatch(/the disk is full.*free space/i);
  return "refuses";
}

describe("a disk that fills up under commands", () => {
  for (const leftKb of [0, 24, 100, 600]) {
    mountTest(
      `with ${leftKb} kB left when it begins: nothing is lost, and it goes on when there is room`,
      TIMEOUT_MS,
      async () => {
        await using disk = await MountedDisk.open(DISK_KB);
        await using trial = await trialOn(disk);
        const node = trial.start();
        const client = await trial.serve(node);
        const stream = trial.stream(client, new Prng(1, `full disk ${leftKb}`));
        await stream.answered(40);
        const full = node.hearNext("storage takes no writes");
        disk.fill(leftKb * KB);
        await full;
        await expectNoWrites(node, client);
        const healed = node.hearNext("storage takes writes again");
        disk.free();
        await healed;
        await stream.answered(40);
        expect(await client.unready()).not.toContain("storage");

        const fullAgain = node.hearNext("storage takes no writes");
        disk.fill();
        await fullAgain;
        await node.crash();
        await stream.stop();
        trial.compare();
        for (const leave of [0, 4, 40, 100]) {
          disk.free();
          disk.fill(leave * KB);
          await startsOrSaysWhy(trial.start(), `${disk.path}/data`);
          trial.compare();
        }
        disk.free();
        await trial.endWell();
        expect(trial.witness.digests).toBeGreaterThan(0);
      },
    );
  }

  mountTest("is stopped in order, with exit code 0, and nothing is lost", TIMEOUT_MS, async () => {
    await using disk = await MountedDisk.open(DISK_KB);
    await using trial = await trialOn(disk);
    const node = trial.start();
    const stream = trial.stream(await trial.serve(node), new Prng(1, "stop"));
    await stream.answered(40);
    disk.fill();
    await node.hear("storage takes no writes");
    expect(await node.stop()).toEqual({ exitCode: 0, signal: null });
    expect(node.complaints).toEqual([]);
    await stream.stop();
    trial.compare();
    disk.free();
    await trial.endWell();
  });
});

mountTest("a last snapshot that finds no room is done without", TIMEOUT_MS, async () => {
  await using disk = await MountedDisk.open(DISK_KB);
  await using trial = await trialOn(disk);
  const node = trial.start();
  const stream = trial.stream(await trial.serve(node), new Prng(1, "last snapshot"));
  await stream.answered(40);
  await stream.stop();
  disk.fill();
  expect(await node.stop()).toEqual({ exitCode: 0, signal: null });
  expect(node.said("snapshot failed").length).toBeGreaterThan(0);
  trial.compare();
  disk.free();
  await trial.endWell();
});

mountTest(
  "a first start without room says so, and the next one with room is whole",
  TIMEOUT_MS,
  async () => {
    const outcomes: string[] = [];
    for (const leftKb of [0, 4, 8, 12, 16, 24, 40, 80, 120, 160, 240, 400]) {
      await using disk = await MountedDisk.open(DISK_KB);
      await using trial = await trialOn(disk);
      disk.fill(leftKb * KB);
      outcomes.push(await startsOrSaysWhy(trial.start("--tanks", "2"), `${disk.path}/data`));
      disk.free();
      const node = trial.start("--tanks", "2");
      const url = await node.healthy;
      const { count } = (await (await fetch(`${url}/api/tanks`)).json()) as { count: number };
      expect([leftKb, count]).toEqual([leftKb, 2]);
      expect((await node.stop()).exitCode).toBe(0);
    }
    expect(new Set(outcomes)).toEqual(new Set(["refuses", "runs"]));
  },
);
