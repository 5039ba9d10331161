import { expect, test } from "bun:test";
import { StorageUnavailable } from "../../src/platform/errors.ts";
import { SharedHeartbeat } from "../../src/tanks/thread/heartbeat.ts";
import type { SimulationThread, ToSimulation } from "../../src/tanks/thread/simulation.ts";
import { Bench } from "./harness.ts";

const KILLED_AFTER_MS = 500;
/** Longer than two probes of the storage. */
const HEALED_AFTER_MS = 10_000;

/** A simulation that is in the middle of a long replay, and hears all the same. */
function replayingForEver(heard: ToSimulation[]): SimulationThread {
  return {
    heartbeat: new SharedHeartbeat(),
    post: (message) => void heard.push(message),
    onMessage: () => {},
    stop: async () => {},
  };
}

function counted(thread: SimulationThread, count: (message: ToSimulation) => void) {
  return {
    ...thread,
    post: (message: ToSimulation) => {
      count(message);
      thread.post(message);
    },
  };
}

async function benchWithTanks(tanks: number): Promise<Bench> {
  const bench = new Bench();
  const first = await bench.start();
  for (let index = 0; index < tanks; index++) {
    await bench.settle(first.create({ name: `t${index}`, description: "", fish: 3, seed: index }));
  }
  await bench.run(KILLED_AFTER_MS);
  bench.kill();
  return bench;
}

test("a long replay is given up at once", async () => {
  const bench = await benchWithTanks(20);
  const heard: ToSimulation[] = [];
  const tanks = bench.boot({ spawnSimulation: () => replayingForEver(heard) });
  const asked = new AbortController();
  const start = tanks.start({ signal: asked.signal });
  await bench.run(100);
  const loads = heard.filter(({ kind }) => kind === "load");
  expect(loads.length).toBeGreaterThan(0);
  expect(loads.length).toBeLessThan(20);
  const atMs = bench.world.nowMs;
  asked.abort("the node stops");
  expect(await bench.settle(start.catch((reason: unknown) => reason))).toBe("the node stops");
  await bench.settle(tanks.stop());
  expect(bench.world.nowMs).toBe(atMs);
  // The simulation is told to drop each, so that it is free for those that still have to be
  // captured.
  const dropped = heard.filter(({ kind }) => kind === "unload");
  expect(dropped.map(({ tank }) => tank).sort()).toEqual(loads.map(({ tank }) => tank).sort());
  expect(bench.said("tank stopped")).toEqual([]);
  bench.kill();
  expect((await bench.settle(bench.boot().start())).tanks).toHaveLength(20);
});

test("a recovery says how far it is", async () => {
  const bench = await benchWithTanks(3);
  const seen: string[] = [];
  const tanks = bench.boot();
  const onProgress = (report: { tanks: readonly unknown[]; total: number }) => {
    seen.push(`${report.tanks.length} of ${report.total}`);
  };
  await bench.settle(tanks.start({ onProgress }));
  expect(seen).toEqual(["1 of 3", "2 of 3", "3 of 3"]);
});

test("a stop in the middle of a recovery keeps what was promised meanwhile", async () => {
  const bench = await benchWithTanks(2);
  const tanks = bench.boot();
  const asked = new AbortController();
  let fed: Promise<unknown> = Promise.resolve();
  const start = tanks.start({
    signal: asked.signal,
    onProgress: ({ tanks: [first] }) => {
      if (!first || asked.signal.aborted) return;
      fed = tanks.submit(first.row.tank_id, { kind: "feed", portions: 1 });
      void fed.then(() => asked.abort("enough"));
    },
  });
  const outcome = start.catch((reason: unknown) => reason);
  await bench.settle(fed);
  await bench.settle(outcome);
  await bench.settle(tanks.stop());
  const [row] = (await bench.store.journal.tanks()).filter(
    ({ tank_id }) => bench.committed.filter((one) => one.tank_id === tank_id).length > 1,
  );
  expect(row).toBeDefined();
  // It has grown since it came up, so its stop was a clean one.
  expect(await bench.store.journal.snapshots(row?.tank_id ?? "")).toHaveLength(1);
});

test("a clean stop leaves a snapshot of every tank, some at a time", async () => {
  const bench = await benchWithTanks(100);
  let open = 0;
  let openMax = 0;
  const count = ({ kind }: ToSimulation) => {
    if (kind === "capture") openMax = Math.max(openMax, ++open);
    if (kind === "unload") open--;
  };
  const tanks = await bench.start({ spawnSimulation: () => counted(bench.simulation(), count) });
  await bench.run(200);
  await bench.settle(tanks.stop());
  for (const row of await bench.store.journal.tanks()) {
    expect(await bench.store.journal.snapshots(row.tank_id)).toHaveLength(1);
  }
  expect(openMax).toBeGreaterThan(1);
  expect(openMax).toBeLessThan(100);
});

test("storage that takes writes again revives no tank whose turn has not come", async () => {
  const bench = await benchWithTanks(20);
  const held: (() => void)[] = [];
  let isHeld = true;
  const tanks = bench.boot({
    spawnSimulation: () => {
      const thread = bench.simulation();
      const post = (message: ToSimulation) => {
        if (isHeld) held.push(() => thread.post(message));
        else thread.post(message);
      };
      return { ...thread, post };
    },
  });
  const start = tanks.start();
  await bench.run(100);
  tanks.storageFailed(new StorageUnavailable("the disk is full"));
  await bench.run(HEALED_AFTER_MS);
  expect(tanks.storageFault).toBeUndefined();
  isHeld = false;
  for (const post of held) post();
  const { tanks: recovered } = await bench.settle(start);
  expect(recovered.map(({ status }) => status)).toEqual(Array(20).fill("recovered"));
  expect(tanks.list().map(({ status }) => status)).toEqual(Array(20).fill("running"));
});
