import { describe, expect, test } from "bun:test";
import { aliveBy } from "../../src/audit/ledger.ts";
import { createTanks } from "../../src/tanks/service.ts";
import { inProcessSimulation } from "../../src/tanks/thread/in-process-host.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { Aquarium, type Hosting } from "./aquarium.ts";

const realHosting: Hosting = (station, process, journal) => {
  const { files, clock, random, timers } = process;
  const tanks = createTanks({
    journal,
    files,
    clock,
    random,
    timers,
    log: silentLog,
    metrics: noMetrics,
    spawnSimulation: () => inProcessSimulation({ clock, timers }),
    tickRate: 5,
  });
  const recover = async () => {
    await tanks.start();
    if (tanks.list().length > 0) return;
    await tanks.create({ name: station.nodeId, description: "", fish: 20 });
  };
  return { tanks, recover };
};

async function ledgersOf(aquarium: Aquarium) {
  const ids: string[] = [];
  const sum = { exported: 0, imported: 0, restored: 0 };
  for (const { run, tankId } of aquarium.stations) {
    const tank = run?.tanks.get(tankId);
    if (!run || !tank) throw new Error(`${tankId} is not there`);
    const fish = await run.tanks.fish(tankId);
    ids.push(...fish.map((one) => one.fish_id));
    const { ledger, alive } = tank.stats;
    expect(alive).toBe(aliveBy(ledger));
    sum.exported += ledger.exported;
    sum.imported += ledger.imported;
    sum.restored += ledger.restored;
  }
  return { ids, sum };
}

describe("with real tanks and worlds", () => {
  for (const seed of [1, 2, 3]) {
    test(`the ledgers agree after kills, losses and copies (seed ${seed})`, async () => {
      const aquarium = new Aquarium({
        seed,
        nodes: 2,
        fish: 20,
        checkIntervalMs: 500,
        host: realHosting,
      });
      const { world } = aquarium;
      await aquarium.found();
      await world.run(3000);
      for (const station of aquarium.stations) {
        aquarium.named(station, station.run?.tanks.list()[0]?.row.tank_id ?? "none");
      }
      for (const [index, { run, tankId }] of aquarium.stations.entries()) {
        const made = run?.migration.connect({
          source_tank_id: tankId,
          destination_tank_id: aquarium.station(1 - index).tankId,
          probability: 100,
          direction: "both",
        });
        await world.run(world.nowMs + 100);
        await made;
      }
      Object.assign(world.network.faults, {
        requestLossPercent: 15,
        replyLossPercent: 15,
        duplicatePercent: 30,
        delayMaxMs: 900,
      });
      for (let round = 0; round < 12; round++) {
        await world.run(world.nowMs + 3000);
        const station = aquarium.station(round % 2);
        aquarium.kill(station);
        await world.run(world.nowMs + 500);
        aquarium.boot(station);
      }
      expect(await aquarium.settle()).toBe(true);
      const asked = ledgersOf(aquarium);
      asked.catch(() => {});
      await world.run(world.nowMs + 1000);
      const { ids, sum } = await asked;
      expect(new Set(ids).size).toBe(ids.length);
      expect(sum.exported).toBe(sum.imported + sum.restored);
      expect(sum.imported).toBeGreaterThan(10);
    }, 60_000);
  }
});
