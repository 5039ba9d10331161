import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "../../src/platform/real/clock.ts";
import { realRandom } from "../../src/platform/real/random.ts";
import { realTimers } from "../../src/platform/real/timers.ts";
import { MemoryFiles } from "../../src/platform/simulated/files.ts";
import { MemoryStore } from "../../src/store/memory/store.ts";
import { createTanks } from "../../src/tanks/service.ts";
import type { Frame } from "../../src/tanks/tanks.ts";
import { workerSimulation } from "../../src/tanks/worker-host.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { ANYBODY } from "./harness.ts";

const scratch = await mkdtemp(join(tmpdir(), "tankd-worker-"));
afterAll(() => rm(scratch, { recursive: true }));

/** Tanks on real threads, on a journal and files that outlive them. */
function machine(entry = new URL("../../src/worker.ts", import.meta.url).href) {
  const store = new MemoryStore();
  const files = new MemoryFiles();
  const workers: Worker[] = [];
  const boot = () =>
    createTanks({
      journal: store.journal,
      files,
      clock: realClock,
      timers: realTimers,
      random: realRandom,
      log: silentLog,
      metrics: noMetrics,
      tickRate: 30,
      spawnSimulation: () => {
        const worker = new Worker(entry);
        workers.push(worker);
        return workerSimulation(worker);
      },
    });
  return { boot, workers, store };
}

test("tanks live in a worker, and come back from what they left", async () => {
  const { boot } = machine();
  const tanks = boot();
  await tanks.start();
  const { row } = await tanks.create({ name: "reef", description: "", seed: 7, fish: 20 });
  const frame = await new Promise<Frame>((resolve) => {
    const unwatch = tanks.watch(row.tank_id, (seen) => {
      unwatch();
      resolve(seen);
    });
  });
  expect(frame.fish.length).toBeGreaterThan(0);
  const [migrant] = await tanks.pickMigrants(row.tank_id, ANYBODY);
  const entityId = migrant?.fishId;
  const exported = await tanks.submit(row.tank_id, {
    kind: "export",
    entityId: entityId ?? "",
    side: "left",
  });
  expect(exported.outcome).toMatchObject({
    kind: "done",
    entityId,
    record: expect.any(Uint8Array),
  });
  await tanks.stop();

  const again = boot();
  const report = await again.start();
  expect(report.tanks).toMatchObject([{ status: "recovered", replayedTicks: 0 }]);
  expect(again.get(row.tank_id)?.seq).toBeGreaterThanOrEqual(exported.seq);
  await again.stop();
});

test("a worker that dies is replaced and its tanks go on", async () => {
  const { boot, workers } = machine();
  const tanks = boot();
  await tanks.start();
  const { row } = await tanks.create({ name: "reef", description: "", seed: 7, fish: 20 });
  await tanks.submit(row.tank_id, { kind: "pause" });
  workers[0]?.terminate();
  // The tank is stopped, then paused again as it was, in another worker.
  const seen = new Set<string | undefined>();
  while (workers.length < 2 || tanks.get(row.tank_id)?.status !== "paused") {
    seen.add(tanks.get(row.tank_id)?.status);
    await new Promise((resolve) => realTimers.after(5, () => resolve(undefined)));
  }
  expect(seen).toContain("stopped");
  expect((await tanks.submit(row.tank_id, { kind: "resume" })).outcome.kind).toBe("done");
  await tanks.stop();
}, 10_000);

test("a worker that throws is known to have failed", async () => {
  const entry = join(scratch, "broken.ts");
  await Bun.write(entry, 'self.onmessage = () => { throw new Error("broken"); };');
  const { boot } = machine(entry);
  const tanks = boot();
  await tanks.start();
  const refused = tanks.create({ name: "reef", description: "", fish: 5 });
  expect(await refused.catch((error) => error.code)).toBe("not_ready");
  await tanks.stop();
}, 10_000);
