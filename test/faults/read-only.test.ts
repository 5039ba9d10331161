import { describe, expect } from "bun:test";
import { chmodSync, chownSync, readdirSync } from "node:fs";
import { Prng } from "../../src/platform/simulated/prng.ts";
import { fingerprint } from "./fingerprint.ts";
import { MountedDisk, mountTest } from "./mounted.ts";
import type { Node } from "./node.ts";
import { Trial } from "./trial.ts";

const TIMEOUT_MS = 60_000;
const DISK_KB = 16 * 1024;
const NOBODY = 65_534;
/** Runs the program that follows as nobody, who may not be able to look into the folders above it. */
const AS_NOBODY = [
  "sh",
  "-c",
  `exec 3<"$1"; shift; exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups /proc/self/fd/3 "$@"`,
  "sh",
];

async function expectRefusal(node: Node, sentence: RegExp): Promise<void> {
  expect(await node.ended).toEqual({ exitCode: 1, signal: null });
  expect(node.complaints).toHaveLength(1);
  expect(node.complaints[0]).toMatch(sentence);
}

describe("a start on a directory that takes no writes ends with one sentence and changes nothing", () => {
  for (const [name, finish] of [
    ["of a node that was stopped", (node: Node) => node.stop()],
    ["of a node that was killed", (node: Node) => node.crash()],
  ] as const) {
    mountTest(`on a disk that is mounted read-only, ${name}`, TIMEOUT_MS, async () => {
      await using disk = await MountedDisk.open(DISK_KB);
      const data = `${disk.path}/data`;
      await using trial = new Trial({ data, seen: disk.seen(data), under: disk.under });
      const node = trial.start();
      const stream = trial.stream(await trial.serve(node), new Prng(1, name));
      await stream.answered(20);
      await finish(node);
      await stream.stop();
      trial.compare();
      const before = fingerprint(trial.data);
      await disk.remount("ro");
      await expectRefusal(
        trial.start(),
        /^tankd: \S+\/data cannot be used .*: the disk is read-only \(\w+\): mount it writable, or choose another --data-dir$/,
      );
      expect(fingerprint(trial.data)).toEqual(before);
      await disk.remount("rw");
      await trial.endWell();
    });
  }

  mountTest("where this user may not write", TIMEOUT_MS, async () => {
    await using disk = await MountedDisk.open(DISK_KB);
    const data = `${disk.path}/data`;
    chownSync(disk.seen(disk.path), NOBODY, NOBODY);
    const under = [...disk.under, ...AS_NOBODY];
    await using trial = new Trial({ data, seen: disk.seen(data), under });
    const node = trial.start();
    const stream = trial.stream(await trial.serve(node), new Prng(1, "nobody"));
    await stream.answered(20);
    await node.stop();
    await stream.stop();
    trial.compare();
    chmodSync(trial.data, 0o555);
    await expectRefusal(
      trial.start(),
      /^tankd: \S+\/data.* cannot be used.*access is denied.*let this user write there, or choose another --data-dir$/,
    );
    chmodSync(trial.data, 0o711);
    await trial.endWell();
  });
});

mountTest(
  "a folder of snapshots that takes none stops no tank, and the next one is tried",
  TIMEOUT_MS,
  async () => {
    await using disk = await MountedDisk.open(DISK_KB);
    const data = `${disk.path}/data`;
    chownSync(disk.seen(disk.path), NOBODY, NOBODY);
    const under = [...disk.under, ...AS_NOBODY];
    await using trial = new Trial({
      data,
      seen: disk.seen(data),
      under,
      options: ["--tick-rate", "0"],
    });
    const node = trial.start();
    const client = await trial.serve(node);
    const stream = trial.stream(client, new Prng(1, "snapshots"), "orders");
    await stream.answered(20);
    chmodSync(trial.data, 0o555);
    await node.hear("snapshot failed");
    await stream.answered(20);
    const stopped = (await client.tanks()).filter(({ tank }) => tank.status === "stopped");
    expect(stopped).toEqual([]);
    chmodSync(trial.data, 0o711);
    await node.hear("snapshot written");
    await node.crash();
    await stream.stop();
    trial.compare();
    expect(readdirSync(trial.data)).toContain("snapshots");
    await trial.endWell();
  },
);
