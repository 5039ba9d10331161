import { expect, test } from "bun:test";
import fc from "fast-check";
import { type IslandReport, runSealed, TOPOLOGIES } from "../../src/sim/index.ts";
import {
  type ArchipelagoSpec,
  birthIsland,
  ISLANDS_MAX,
  islandSpec,
} from "../../src/sim/sealed/archipelago-spec.ts";
import { destinationOf } from "../../src/sim/sealed/topology.ts";

const RING: ArchipelagoSpec = {
  seed: 5,
  ticks: 1_500,
  fish: 30,
  tanks: 4,
  topology: "ring",
  migrateEvery: 300,
  migrants: 3,
};

function specs(): fc.Arbitrary<ArchipelagoSpec> {
  return fc.record({
    seed: fc.maxSafeNat(),
    ticks: fc.nat(400),
    fish: fc.oneof(fc.nat(30), fc.nat(110)),
    tanks: fc.integer({ min: 1, max: 5 }),
    topology: fc.constantFrom(...TOPOLOGIES),
    migrateEvery: fc.nat(100),
    migrants: fc.nat(20),
  });
}

/** The run with everything that it would write down. */
function record(spec: ArchipelagoSpec, crews: number) {
  const news: IslandReport[][] = [];
  const result = runSealed(spec, { crews, chronicle: (reports) => void news.push([...reports]) });
  return { result, news };
}

test("the result and all that is written down are the same for any number of crews", () => {
  fc.assert(
    fc.property(specs(), fc.integer({ min: 2, max: 6 }), (spec, crews) => {
      expect(record(spec, Math.min(crews, spec.tanks))).toEqual(record(spec, 1));
    }),
    { numRuns: 20 },
  );
});

test("writing down changes nothing, nor does watching", () => {
  const plain = runSealed(RING);
  expect(record(RING, 1).result).toEqual(plain);
  expect(runSealed(RING, { watch: () => false })).toEqual(plain);
});

test("fish move along the ring and nobody is lost or doubled", () => {
  const { result, news } = record(RING, 2);
  expect(result.migrations).toBe(4 * 4 * 3);
  const lives = news.flat().flatMap((island) => island.lives);
  expect(new Set(lives.map((life) => life.id)).size).toBe(lives.length);
  expect(lives.length).toBe(4 * 30 + result.births + result.spawned);
  expect(lives.filter((life) => life.destructionTick === undefined).length).toBe(result.alive);
  const deaths = Object.values(result.deaths).reduce((sum, number) => sum + number);
  expect(result.alive + deaths).toBe(lives.length);
  expect(lives.some((life) => life.tank !== life.birthTank)).toBe(true);
  expect(lives.some((life) => life.hops > 1)).toBe(true);
});

test("every ancestor has a line of its own, was born before, and its children are counted", () => {
  const lives = record(RING, 1)
    .news.flat()
    .flatMap((island) => island.lives);
  const byId = new Map(lives.map((life) => [life.id, life]));
  const children = new Map<number, number>();
  for (const life of lives) {
    for (const ancestor of life.ancestors) {
      children.set(ancestor, (children.get(ancestor) ?? 0) + (life.origin === "emergency" ? 0 : 1));
      const parent = byId.get(ancestor);
      expect(parent).toBeDefined();
      expect(parent?.originTick).toBeLessThanOrEqual(life.originTick);
      expect(parent?.destructionTick ?? life.originTick).toBeGreaterThanOrEqual(life.originTick);
    }
  }
  const unlike: number[] = [];
  for (const life of lives) {
    expect(children.get(life.id) ?? 0).toBe(life.offspring);
    const generations = life.ancestors.map((ancestor) => byId.get(ancestor)?.generation ?? 0);
    if (new Set(generations).size > 1) unlike.push(life.id);
    const older = generations.length > 0 ? Math.max(...generations) + 1 : 0;
    if (life.origin !== "emergency") expect(life.generation).toBe(older);
  }
  expect(unlike.length).toBeGreaterThan(0);
});

test("migration changes the world, and so do its topology, its rate and its seed", () => {
  const changes: readonly Partial<ArchipelagoSpec>[] = [
    {},
    { migrateEvery: 0 },
    { migrants: 2 },
    { migrateEvery: 299 },
    { topology: "full" },
    { topology: "star" },
    { topology: "random" },
    { seed: 6 },
    { tanks: 3 },
  ];
  const digests = changes.map((change) => runSealed({ ...RING, ...change }).digest);
  expect(new Set(digests).size).toBe(changes.length);
});

test("a full neighbour sends the fish back as it was", () => {
  const spec = { ...RING, tanks: 8, ticks: 701, topology: "star", migrants: 60 } as const;
  let returned = 0;
  let arrived = 0;
  const result = runSealed(spec, {
    watch: ({ orders }) => {
      for (const order of orders) {
        if (order.kind !== "advance") continue;
        returned += order.arrivals.filter((arrival) => arrival.returned).length;
        arrived += order.arrivals.filter((arrival) => !arrival.returned).length;
      }
      return false;
    },
  });
  expect(arrived).toBe(result.migrations);
  expect(returned).toBeGreaterThan(0);
  expect(arrived).toBeGreaterThan(0);
});

test("a run that ends at a barrier has not exchanged there; the longer run has", () => {
  expect(runSealed({ ...RING, ticks: 300 }).migrations).toBe(0);
  expect(runSealed({ ...RING, ticks: 301 }).migrations).toBe(12);
});

test("a run that is stopped equals the run of as many ticks", () => {
  let turns = 0;
  const stopped = runSealed(RING, { watch: () => ++turns > 5 });
  expect(stopped.ticks).toBeGreaterThan(0);
  expect(stopped.ticks).toBeLessThan(RING.ticks);
  expect(runSealed({ ...RING, ticks: stopped.ticks })).toEqual(stopped);
});

test("tanks have seeds and keys of their own, and fish know where they were born", () => {
  for (const seed of [0, 1, 42, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    const spec = { ...RING, seed, tanks: ISLANDS_MAX };
    const all = Array.from({ length: ISLANDS_MAX }, (_, island) => islandSpec(spec, island));
    expect(all[0]?.seed).toBe(seed);
    expect(new Set(all.map((one) => one.seed)).size).toBe(ISLANDS_MAX);
    expect(new Set(all.map((one) => one.tankKey)).size).toBe(ISLANDS_MAX);
    for (const [island, one] of all.entries()) {
      expect(Number.isSafeInteger(one.seed)).toBe(true);
      expect(birthIsland(Number.parseInt(one.tankKey.slice(0, 8), 16))).toBe(island);
    }
  }
});

test("topologies", () => {
  const goals = (topology: (typeof TOPOLOGIES)[number], source: number) =>
    [0, 1, 2, 3, 4, 5].map((n) => destinationOf(topology, 4, source, n, n / 6));
  expect(goals("ring", 3)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(goals("full", 1)).toEqual([2, 3, 0, 2, 3, 0]);
  expect(goals("star", 0)).toEqual([1, 2, 3, 1, 2, 3]);
  expect(goals("star", 2)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(new Set(goals("random", 2))).toEqual(new Set([3, 0, 1]));
});
