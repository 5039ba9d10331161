import { describe, expect } from "bun:test";
import { cpSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "../../src/platform/simulated/prng.ts";
import type { Client } from "./client.ts";
import { MountedDisk, mountTest } from "./mounted.ts";
import { Trial } from "./trial.ts";

const TIMEOUT_MS = 60_000;
const DISK_KB = 32 * 1024;

async function onDisk(run: (trial: Trial, disk: MountedDisk) => Promise<void>): Promise<void> {
  await using disk = await MountedDisk.open(DISK_KB);
  const data = `${disk.path}/data`;
  await using trial = new Trial({ data, seen: disk.seen(data), under: disk.under });
  await run(trial, disk);
}

/** Changes are refused with a sentence that names the file and what to do; reads answer. */
async function expectRefusal(client: Client, sentence: RegExp): Promise<void> {
  const answer = await client.change("POST", "/api/tanks", { name: "late" });
  expect(answer).toMatchObject({
    kind: "refused",
    problem: { type: "urn:tankd:problem:storage_unavailable", status: 503 },
  });
  if (answer.kind === "refused") expect(answer.problem.detail).toMatch(sentence);
  expect(await client.unready()).toContain("storage");
  expect((await client.read("/api/tanks")).status).toBe(200);
}

describe("what is taken from a running node is noticed before anything more is promised", () => {
  for (const name of ["tankd.db", "tankd.db-wal", "tankd.watermarks"]) {
    mountTest(`${name}, and it goes on when it is put back`, TIMEOUT_MS, () =>
      onDisk(async (trial) => {
        const node = trial.start();
        const client = await trial.serve(node);
        const stream = trial.stream(client, new Prng(1, name));
        await stream.answered(20);
        const file = join(trial.data, name);
        const stopped = node.hearNext("storage takes no writes");
        renameSync(file, `${file}.aside`);
        await stopped;
        await expectRefusal(
          client,
          new RegExp(`${name} was removed while the node runs: put it back`),
        );
        const healed = node.hearNext("storage takes writes again");
        renameSync(`${file}.aside`, file);
        await healed;
        await stream.answered(20);
        await node.crash();
        await stream.stop();
        trial.compare();
        await trial.endWell();
      }),
    );
  }

  mountTest("a database in the place of the one that was there", TIMEOUT_MS, () =>
    onDisk(async (trial) => {
      const node = trial.start();
      const client = await trial.serve(node);
      const stream = trial.stream(client, new Prng(1, "replaced"));
      await stream.answered(20);
      const file = join(trial.data, "tankd.db");
      const stopped = node.hearNext("storage takes no writes");
      cpSync(file, `${file}.copy`);
      renameSync(file, `${file}.aside`);
      renameSync(`${file}.copy`, file);
      await stopped;
      await expectRefusal(
        client,
        /tankd\.db was (replaced|removed) while the node runs: put it back/,
      );
      await stream.stop();
      expect(await node.stop()).toEqual({ exitCode: 0, signal: null });
      expect(node.complaints).toEqual([]);
      // What it had promised is in the file that was there.
      rmSync(file);
      renameSync(`${file}.aside`, file);
      trial.compare();
      await trial.endWell();
    }),
  );

  mountTest("the whole directory, which is not half made anew", TIMEOUT_MS, () =>
    onDisk(async (trial) => {
      const node = trial.start();
      const client = await trial.serve(node);
      const stream = trial.stream(client, new Prng(1, "directory"));
      await stream.answered(20);
      const stopped = node.hearNext("storage takes no writes");
      renameSync(trial.data, `${trial.data}.aside`);
      await stopped;
      await expectRefusal(client, /was removed while the node runs: put it back/);
      await stream.stop();
      expect(await node.stop()).toEqual({ exitCode: 0, signal: null });
      expect(node.complaints).toEqual([]);
      expect(existsSync(trial.data)).toBe(false);
      renameSync(`${trial.data}.aside`, trial.data);
      trial.compare();
      await trial.endWell();
    }),
  );

  mountTest("the directory deleted: it says so, answers, and stops in order", TIMEOUT_MS, () =>
    onDisk(async (trial) => {
      const node = trial.start();
      const client = await trial.serve(node);
      const stream = trial.stream(client, new Prng(1, "deleted"));
      await stream.answered(20);
      const stopped = node.hearNext("storage takes no writes");
      rmSync(trial.data, { recursive: true });
      await stopped;
      await expectRefusal(client, /was removed while the node runs/);
      await stream.stop();
      expect(await node.stop()).toEqual({ exitCode: 0, signal: null });
      expect(node.complaints).toEqual([]);
      expect(existsSync(trial.data)).toBe(false);
    }),
  );

  mountTest("the disk unmounted: the place where it was stays empty", TIMEOUT_MS, () =>
    onDisk(async (trial, disk) => {
      const node = trial.start();
      const client = await trial.serve(node);
      const stream = trial.stream(client, new Prng(1, "unmounted"));
      await stream.answered(20);
      const stopped = node.hearNext("storage takes no writes");
      await disk.must("umount", "--lazy", disk.path);
      await stopped;
      await expectRefusal(client, /was removed while the node runs/);
      await stream.stop();
      expect(await node.stop()).toEqual({ exitCode: 0, signal: null });
      expect(readdirSync(disk.seen(disk.path))).toEqual([]);
    }),
  );
});
