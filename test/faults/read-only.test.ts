import { describe, expect } from "bun:test";
import { chmodSync } from "node:fs";
import { Prng } from "../../src/platform/simulated/prng.ts";
import { fingerprint } from "./fingerprint.ts";
import { MountedDisk, mountTest } from "./mounted.ts";
import type { Node } from "./node.ts";
import { Trial } from "./trial.ts";

const TIMEOUT_MS = 60_000;
const DISK_KB = 16 * 1024;
const READ_ONLY = /the disk is read-only \(\w+\): mount it writable/.source;
const DENIED = /access is denied.*give this user write access/.source;
const CHOICE = ", or choose another --data-dir";

async function expectRefusal(node: Node, sentence: RegExp): Promise<void> {
  expect(await node.ended).toEqual({ exitCode: 1, signal: null });
  expect(node.complaints).toHaveLength(1);
  expect(node.complaints[0]).toMatch(sentence);
}

describe("a start on a directory that takes no writes: one sentence, and nothing changed", () => {
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
        new RegExp(`^tankd: \\S+/data cannot be used .*: ${READ_ONLY}${CHOICE}$`),
      );
      expect(fingerprint(trial.data)).toEqual(before);
      await disk.remount("rw");
      await trial.endWell();
    });
  }

  mountTest("where this user may not write", TIMEOUT_MS, async () => {
    await using disk = await MountedDisk.open(DISK_KB);
    const data = `${disk.path}/data`;
    await using trial = new Trial({ data, seen: disk.seen(data), under: disk.underNobody });
    const node = trial.start();
    const stream = trial.stream(await trial.serve(node), new Prng(1, "nobody"));
    await stream.answered(20);
    await node.stop();
    await stream.stop();
    trial.compare();
    chmodSync(trial.data, 0o555);
    await expectRefusal(
      trial.start(),
      new RegExp(`^tankd: \\S+/data.* cannot be used.*${DENIED}${CHOICE}$`),
    );
    chmodSync(trial.data, 0o711);
    await trial.endWell();
  });
});
