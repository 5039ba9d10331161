import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MountedDisk, mountTest } from "./mounted.ts";
import { Node } from "./node.ts";

const TIMEOUT_MS = 60_000;
const RACERS = 10;

class Place implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "tankd-two-"));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/**
 * It has ended with exit code 1 and one sentence that names the node that is there, and what to do.
 */
async function expectRefused(loser: Node, winnerPid: number): Promise<void> {
  expect(await loser.ended).toEqual({ exitCode: 1, signal: null });
  expect(loser.complaints).toHaveLength(1);
  expect(loser.complaints[0]).toMatch(
    new RegExp(`^tankd: another node \\(pid ${winnerPid}\\) runs on /.*: stop it, .*--data-dir$`),
  );
}

/** Starts ten at once; returns the one that runs. */
async function race(directory: string): Promise<Node> {
  const racers = Array.from({ length: RACERS }, () => new Node({ directory }));
  const outcomes = await Promise.all(
    racers.map((node) =>
      node.healthy.then(
        () => true,
        () => false,
      ),
    ),
  );
  const winners = racers.filter((_, index) => outcomes[index]);
  try {
    expect(winners).toHaveLength(1);
    const [winner] = winners;
    if (!winner) throw new Error("nobody won");
    await Promise.all(
      racers.filter((node) => node !== winner).map((node) => expectRefused(node, winner.pid)),
    );
    expect(winner.complaints).toEqual([]);
    return winner;
  } catch (error) {
    for (const node of winners) await node.crash();
    throw error;
  }
}

test(
  "of ten that start at once on one directory exactly one runs, a new one and one that was killed",
  async () => {
    using place = new Place();
    const directory = join(place.path, "data");
    for (let round = 0; round < 3; round++) await (await race(directory)).crash();
    expect(await (await race(directory)).stop()).toEqual({ exitCode: 0, signal: null });
  },
  TIMEOUT_MS,
);

describe("a second node on the directory of a running one is refused", () => {
  test(
    "through a symbolic link, and through a longer path",
    async () => {
      using place = new Place();
      const directory = join(place.path, "data");
      const link = join(place.path, "link");
      mkdirSync(join(place.path, "aside"));
      symlinkSync(directory, link);
      const first = new Node({ directory });
      try {
        await first.healthy;
        for (const other of [link, `${place.path}/aside/../data/`]) {
          await expectRefused(new Node({ directory: other }), first.pid);
        }
        expect(first.isRunning).toBe(true);
      } finally {
        await first.crash();
      }
    },
    TIMEOUT_MS,
  );

  mountTest("through a bind mount, seen from another mount namespace", TIMEOUT_MS, async () => {
    await using disk = await MountedDisk.open(16 * 1024);
    using place = new Place();
    const directory = join(place.path, "data");
    const first = new Node({ directory });
    try {
      await first.healthy;
      await disk.must("mkdir", `${disk.path}/elsewhere`);
      await disk.must("mount", "--bind", directory, `${disk.path}/elsewhere`);
      const second = new Node({ directory: `${disk.path}/elsewhere`, under: disk.under });
      await expectRefused(second, first.pid);
    } finally {
      await first.crash();
    }
  });
});
