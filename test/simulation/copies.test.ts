import { expect, test } from "bun:test";
import { checkAudit, checkFenced, checkLedger, checkReplay, isSettled } from "./checks.ts";
import { SimulatedCluster } from "./cluster.ts";
import { Nemesis } from "./nemesis.ts";
import { stopMigrating } from "./scenario.ts";

const STORM_MS = 60_000;
const REST_MS = 240_000;
const STOP_MS = 10_000;
const SEEDS = [1, 2, 3, 4, 5, 6];

/** Copies go round the ring, fish leave the other way: each tank is a source of both. */
async function connect(cluster: SimulatedCluster): Promise<void> {
  const { cores, world } = cluster;
  const tanks = cores.map((core) => core.tanks.list()[0]?.row.tank_id ?? "");
  const connected = cores.flatMap((core, at) =>
    (["copy", "move"] as const).map((mode) => {
      const to = (at + (mode === "copy" ? 1 : cores.length - 1)) % cores.length;
      return core.migration.connect({
        source_tank_id: tanks[at] ?? "",
        destination_tank_id: tanks[to] ?? "",
        destination_server_id: cores[to]?.cluster.nodeId,
        ...{ mode, probability: 50, count: 2, force: true },
      });
    }),
  );
  await world.run(world.nowMs + 100);
  await Promise.all(connected);
}

/** Copies that were born, by what the destinations have decided. */
async function born(cluster: SimulatedCluster): Promise<number> {
  const counts = await Promise.all(
    cluster.nodes.map(({ store }) => store.journal.transferCounts()),
  );
  return counts
    .flat()
    .filter(({ side, entity_type, state }) => {
      return side === "in" && entity_type === "copy" && state === "accepted";
    })
    .reduce((sum, { count }) => sum + count, 0);
}

test.each(SEEDS)("copies in a storm leave every ledger whole: seed %i", async (seed) => {
  // Every second run with tanks that are nearly full, so that copies are refused.
  const fish = seed % 2 === 0 ? 96 : 30;
  const cluster = new SimulatedCluster({ seed, nodes: 3, fish });
  const { world } = cluster;
  const nemesis = new Nemesis(cluster);
  cluster.bootAll();
  await world.run(5_000);
  await connect(cluster);
  nemesis.rage();
  await world.run(world.nowMs + STORM_MS);
  nemesis.calm();
  const restFromMs = world.nowMs;
  await stopMigrating(cluster);
  expect(await world.runUntil(restFromMs + REST_MS, () => isSettled(cluster))).toBe(true);
  await world.run(world.nowMs + 1_000);
  expect(await checkLedger(cluster)).toEqual([]);
  expect(checkFenced(cluster)).toEqual([]);
  expect(await checkAudit(cluster)).toEqual([]);
  expect(await born(cluster)).toBeGreaterThan(0);
  let stopped = 0;
  const running = cluster.cores.length;
  for (const core of cluster.cores) void core.stop().then(() => stopped++);
  await world.runUntil(world.nowMs + STOP_MS, () => stopped === running);
  expect((await Promise.all(cluster.nodes.map((node) => checkReplay(node)))).flat()).toEqual([]);
});
