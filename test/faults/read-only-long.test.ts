import { expect } from "bun:test";
import { chmodSync } from "node:fs";
import { Prng } from "../../src/platform/simulated/prng.ts";
import { MountedDisk, mountTest } from "./mounted.ts";
import { Trial } from "./trial.ts";

const TIMEOUT_MS = 180_000;
const DISK_KB = 32 * 1024;

mountTest(
  "a folder of snapshots that takes none stops no tank, and the next one is tried",
  TIMEOUT_MS,
  async () => {
    await using disk = await MountedDisk.open(DISK_KB);
    const data = `${disk.path}/data`;
    await using trial = new Trial({ data, seen: disk.seen(data), under: disk.underNobody });
    const node = trial.start();
    const client = await trial.serve(node);
    // Snapshots become due by what is logged, after five seconds.
    const stream = trial.stream(client, new Prng(1, "snapshots"), { turnover: false });
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
    await trial.endWell();
  },
);

mountTest(
  "a disk that fails under a running node, and becomes read-only: nothing is lost, " +
    "and repaired it goes on",
  TIMEOUT_MS,
  async () => {
    await using disk = await MountedDisk.openFailing(DISK_KB);
    const data = `${disk.path}/data`;
    await using trial = new Trial({ data, seen: disk.seen(data), under: disk.under });
    for (const end of ["stop", "crash"] as const) {
      const node = trial.start();
      const client = await trial.serve(node);
      const stream = trial.stream(client, new Prng(1, end));
      await stream.answered(40);
      const failed = node.hearNext("storage takes no writes");
      await disk.fail();
      await failed;
      expect(await client.unready()).toContain("storage");
      expect(await client.change("POST", "/api/tanks", { name: "late" })).toMatchObject({
        problem: { type: "urn:tankd:problem:storage_unavailable", status: 503 },
      });
      expect((await client.read("/api/tanks")).status).toBe(200);
      const { exitCode } = await node[end]();
      expect([exitCode, node.complaints]).toEqual([end === "stop" ? 0 : null, []]);
      await stream.stop();
      const refused = trial.start();
      expect((await refused.ended).exitCode).toBe(1);
      expect(refused.complaints).toHaveLength(1);
      expect(refused.complaints[0]).toMatch(/cannot be used.*: .*(--data-dir|start again)$/);
      await disk.repair();
      trial.compare();
    }
    await trial.endWell();
  },
);
