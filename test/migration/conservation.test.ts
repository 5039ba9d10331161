import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Prng } from "../../src/platform/simulated/prng.ts";
import type { Journal } from "../../src/store/journal.ts";
import { Aquarium, type AquariumOptions } from "./aquarium.ts";
import { ContradictoryLog } from "./fake-tanks.ts";
import { forgetsDecision, forgetting } from "./forgetting.ts";

interface Weather {
  readonly seed: number;
  readonly nodes: number;
  readonly requestLossPercent: number;
  readonly replyLossPercent: number;
  readonly duplicatePercent: number;
  readonly delayMaxMs: number;
  /** Kills one in so many port calls, right before or after it took effect. */
  readonly callsPerKill: number;
  /** How often a tank is full just now. */
  readonly fullPercent: number;
  readonly downMs: number;
}

const weather: fc.Arbitrary<Weather> = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  nodes: fc.integer({ min: 2, max: 3 }),
  requestLossPercent: fc.integer({ min: 0, max: 40 }),
  replyLossPercent: fc.integer({ min: 0, max: 40 }),
  duplicatePercent: fc.integer({ min: 0, max: 60 }),
  delayMaxMs: fc.constantFrom(5, 900, 20_000),
  callsPerKill: fc.constantFrom(20, 60, 200),
  fullPercent: fc.constantFrom(0, 10, 50),
  downMs: fc.constantFrom(10, 3000, 100_000),
});

const fishEach = 6;

/**
 * Lives through the weather, checks the fish all along, and returns what the audit said at last.
 */
async function liveThrough(
  storm: Weather,
  sabotage?: AquariumOptions["sabotage"],
): Promise<{ missing: string[]; double: string[]; settled: boolean; transfers: number }> {
  const { seed, nodes, fullPercent } = storm;
  const crowds = new Prng(seed, "crowds");
  const capacity = () => (crowds.chance(fullPercent) ? 0 : nodes * fishEach);
  const options = { seed, nodes, fish: fishEach, capacity, checkIntervalMs: 400 };
  const aquarium = new Aquarium(sabotage ? { ...options, sabotage } : options);
  const { world } = aquarium;
  await aquarium.found();
  const { requestLossPercent, replyLossPercent, duplicatePercent, delayMaxMs } = storm;
  const faults = { requestLossPercent, replyLossPercent, duplicatePercent, delayMaxMs };
  Object.assign(world.network.faults, faults);
  for (const { run } of aquarium.stations) {
    // Every draw sends somebody, to each neighbour.
    for (const { nodeId, tanks } of aquarium.directory) {
      const [destination = ""] = tanks;
      const source = run?.cluster.nodeId;
      if (!run || source === nodeId) continue;
      const connecting = run.migration.connect({
        source_tank_id: `tank-of-${source}`,
        destination_tank_id: destination,
        probability: 100,
        direction: "both",
      });
      await world.runUntil(world.nowMs + 1000, settledFlag(connecting));
    }
  }
  killNowAndThen(aquarium, storm);
  let worst = { missing: [] as string[], double: [] as string[] };
  for (let round = 0; round < 75; round++) {
    await world.run(world.nowMs + 2000);
    const found = await aquarium.audit();
    if (found.missing.length + found.double.length > 0) worst = found;
  }
  const settled = await aquarium.settle();
  const found = await aquarium.audit();
  let transfers = 0;
  for (const { journal } of aquarium.stations) {
    transfers += (await journal.outbox({ limit: 10_000 })).length;
  }
  return {
    missing: [...new Set([...worst.missing, ...found.missing])],
    double: [...new Set([...worst.double, ...found.double])],
    settled,
    transfers,
  };
}

function settledFlag(promise: Promise<unknown>): () => boolean {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  return () => settled;
}

function killNowAndThen(aquarium: Aquarium, { callsPerKill, downMs }: Weather): void {
  const { world } = aquarium;
  const draws = world.stream("kills");
  const maybeKill = (name: string) => {
    const station = aquarium.stations.find((one) => one.nodeId === name);
    if (!station || draws.integer(1, callsPerKill * 2) > 1) return;
    aquarium.kill(station);
    world.schedule(downMs, `reboot ${name}`, () => {
      if (!station.host.process) aquarium.boot(station);
    });
  };
  world.hooks = { beforeCall: maybeKill, afterCall: maybeKill };
}

describe("whatever happens to nodes and messages", () => {
  test("every fish is in exactly one place, and comes to rest", async () => {
    let transfers = 0;
    await fc.assert(
      fc.asyncProperty(weather, async (storm) => {
        const end = await liveThrough(storm);
        transfers += end.transfers;
        expect(end).toMatchObject({ missing: [], double: [], settled: true });
      }),
      { numRuns: 40 },
    );
    // A quiet sea would prove nothing.
    expect(transfers).toBeGreaterThan(500);
  }, 120_000);
});

describe("the same storms find", () => {
  const storms = Array.from({ length: 12 }, (_, seed) => ({
    seed,
    nodes: 2,
    requestLossPercent: 10,
    replyLossPercent: 30,
    duplicatePercent: 50,
    delayMaxMs: 900,
    callsPerKill: 60,
    fullPercent: 30,
    downMs: 3000,
  }));

  async function isCaught(sabotage: (journal: Journal) => Journal) {
    for (const storm of storms) {
      try {
        const { missing, double } = await liveThrough(storm, sabotage);
        if (missing.length + double.length > 0) return true;
      } catch (error) {
        if (!(error instanceof ContradictoryLog)) throw error;
        return true;
      }
    }
    return false;
  }

  test("a destination that does not remember whom it took", async () => {
    expect(await isCaught(forgetting(forgetsDecision("accepted")))).toBe(true);
  });

  test("refusals that are answered and not kept", async () => {
    expect(await isCaught(forgetting(forgetsDecision("refused")))).toBe(true);
  });

  test("an escrow that is only in memory", async () => {
    const sabotage = forgetting((write) => "put" in write && write.put === "outbox");
    expect(await isCaught(sabotage)).toBe(true);
  });

  test("a restore that is not recorded with the transfer", async () => {
    const sabotage = forgetting(
      (write) => "update" in write && write.update === "outbox" && write.state === "returned",
    );
    expect(await isCaught(sabotage)).toBe(true);
  });
});
