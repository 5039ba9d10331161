import { expect, test } from "bun:test";
import fc from "fast-check";
import { phaseAt } from "../../../src/sim/habitat/daylight.ts";
import {
  createTank,
  digest,
  foodOf,
  loadTank,
  plantLedgerOf,
  plantMigrants,
  plantsOf,
  saveTank,
  step,
} from "../../../src/sim/index.ts";
import { NECTAR_KIND } from "../../../src/sim/model.ts";
import { findPlant } from "../../../src/sim/plants/garden.ts";
import { plantCapacity } from "../../../src/sim/plants/growth.ts";
import { PLANT_GENE, PLANT_GENE_COUNT } from "../../../src/sim/plants/plant-genome.ts";
import {
  exportPlant,
  faultOfPlant,
  importPlant,
  type PlantRow,
  readPlant,
  restorePlant,
  spotForImport,
} from "../../../src/sim/plants/plant-row.ts";
import { flowsOf } from "../../../src/sim/state/energy-ledger.ts";
import type { Tank } from "../../../src/sim/state/tank.ts";
import { OTHER_KEY, play, run, scripts, specs, tankOf } from "../scripts.ts";

/** A tank whose only plant stands at `spot`, with nobody and nothing to eat. */
function pot(spot: number, energy: number): Tank {
  const tank = tankOf(1, 0);
  const { counters, plants } = tank;
  counters.plants = 1;
  counters.plantsFounded = 1;
  counters.food = 0;
  counters.foodCredit = -1e9;
  counters.crabs = 0;
  counters.feeders = 0;
  counters.lastPlantEmergencyTick = 1e9;
  plants.spot[0] = spot;
  plants.x[0] = 160 + 32 * spot;
  plants.energy[0] = energy;
  plants.cooldown[0] = 1e9;
  plants.genes[PLANT_GENE.efficiency] = 1;
  plants.genes[PLANT_GENE.rate] = 0.2;
  return tank;
}

/** Skips to a time of day. */
function at(tank: Tank, time: number): Tank {
  tank.counters.tick = 1_800 * 100 + 1_800 * time;
  return tank;
}

function gainOf(tank: Tank, row = 0): number {
  const before = tank.plants.energy[row] as number;
  step(tank);
  return (tank.plants.energy[row] as number) - before;
}

/** Every plant, with the spots, ids and energies that must hold for it. */
function inspect(tank: Tank): void {
  const { plants, counters } = tank;
  const views = plantsOf(tank);
  const ledger = plantLedgerOf(tank);
  const { founded, sprouted, spawned, imported, restored, withered, exported } = ledger;
  expect(founded + sprouted + spawned + imported + restored - withered - exported).toBe(
    views.length,
  );
  const spots = Array.from(plants.spot.subarray(0, counters.plants));
  expect(new Set(spots).size).toBe(views.length);
  expect(new Set(views.map(({ x, y }) => `${x} ${y}`)).size).toBe(views.length);
  expect(new Set(views.map(({ plant_id }) => plant_id)).size).toBe(views.length);
  let nectars = 0;
  for (const row of views.keys()) {
    expect(faultOfPlant(readPlant(tank, row))).toBeUndefined();
    if ((plants.nectar[row] as number) > 0) nectars += 1;
  }
  expect(foodOf(tank).filter(([, , kind]) => kind === NECTAR_KIND).length).toBe(nectars);
}

test("whatever comes in, plants are accounted for, alone at their spots, and within bounds", () => {
  fc.assert(
    fc.property(specs(), scripts(15), fc.array(fc.nat(1_000)), (spec, script, picks) => {
      const tank = createTank(spec);
      const away: Uint8Array[] = [];
      const pulled: PlantRow[] = [];
      for (const [index, move] of script.entries()) {
        play(tank, away, move);
        const pick = picks[index] ?? 1;
        if (pick % 3 === 0 && tank.counters.plants > 0) {
          pulled.push(exportPlant(tank, pick % tank.counters.plants));
        } else if (pick % 3 === 1) {
          const plant = pulled.pop();
          if (plant !== undefined) restorePlant(tank, plant);
        }
        inspect(tank);
        digest(tank);
      }
    }),
    { numRuns: 100 },
  );
});

test("plants live on: they bring nectar, it is eaten, seeds sprout, energy balances", () => {
  const tank = tankOf(42, 50);
  const seen = new Set<string>();
  const held = () => {
    let sum = 0;
    for (let row = 0; row < tank.counters.plants; row++) {
      sum += (tank.plants.energy[row] as number) + (tank.plants.nectar[row] as number);
    }
    return sum;
  };
  for (let i = 0; i < 6_000; i++) {
    step(tank);
    if (i % 50 !== 0) continue;
    inspect(tank);
    for (const { plant_id } of plantsOf(tank)) seen.add(plant_id);
  }
  const ledger = plantLedgerOf(tank);
  expect(ledger.founded).toBe(13);
  expect(ledger.sprouted).toBeGreaterThan(3);
  expect(seen.size).toBe(ledger.founded + ledger.sprouted + ledger.spawned);
  const f = flowsOf(tank);
  const flow = (name: string) => f[name] ?? Number.NaN;
  expect(flow("nectar")).toBeGreaterThan(1_000);
  const balance =
    flow("sprouting") +
    flow("photosynthesis") +
    flow("poker_to_plants") -
    flow("poker_from_plants") -
    flow("plant_house_cut") -
    flow("plant_surplus") -
    flow("plant_burn") -
    flow("nectar") -
    flow("plant_death");
  expect(held()).toBeCloseTo(balance, 6);
  expect(plantsOf(tank).some(({ generation }) => generation > 0)).toBe(true);
});

test.each([
  ["day", 0.5, 1],
  ["dawn", 0.3, 0.7],
  ["dusk", 0.75, 0.7],
  ["night", 0.05, 0.3],
] as const)("at %s a plant gains base × growth × light × 2.5", (phase, time, light) => {
  expect(phaseAt(time)).toBe(phase);
  // Half full: growth is 1 + 0.5·(0.5 − 0.3)/0.7.
  const growth = 1 + (0.5 * 0.2) / 0.7;
  expect(gainOf(at(pot(5, 300), time))).toBeCloseTo(0.2 * growth * light * 2.5, 7);
});

test("neighbours shade each other, by what stands beside", () => {
  const crowd = (spots: readonly number[]) => {
    const tank = at(pot(5, 300), 0.5);
    const first = readPlant(tank, 0);
    for (const [index, spot] of spots.entries()) {
      importPlant(tank, { ...first, counter: 1_000 + index }, spot);
    }
    return gainOf(tank, tank.plants.spot.indexOf(5));
  };
  const alone = crowd([]);
  expect(crowd([3, 7])).toBeCloseTo(alone, 9);
  expect(crowd([4])).toBeCloseTo(0.75 * alone, 9);
  expect(crowd([4, 6])).toBeCloseTo(0.5 * alone, 9);
});

test("a full plant brings nectar of 50 for 50 when it is time, then none for 600 ticks", () => {
  const tank = at(pot(5, 600), 0.5);
  tank.plants.nectarWait[0] = 3;
  run(tank, 2);
  expect(tank.plants.nectar[0]).toBe(0);
  step(tank);
  expect(tank.plants.nectar[0]).toBe(50);
  expect(tank.plants.energy[0]).toBe(550);
  // Drunk behind its back: the next one takes its time.
  tank.plants.nectar[0] = 0;
  run(tank, 599);
  expect(tank.plants.nectar[0]).toBe(0);
  step(tank);
  expect(tank.plants.nectar[0]).toBe(50);
});

test("a plant below 90 % brings no nectar", () => {
  const tank = at(pot(5, 500), 0.5);
  tank.plants.nectarWait[0] = 0;
  step(tank);
  expect(tank.plants.nectar[0]).toBe(0);
});

test("nectar is bitten like food, stays at its plant, and half of it spreads a seed nearby", () => {
  let sprouts = 0;
  for (let seed = 0; seed < 200; seed++) {
    const tank = pot(12, 600);
    const fish = tankOf(seed, 1);
    tank.arena.streams.set(fish.arena.streams);
    tank.plants.nectar[0] = 50;
    run(tank, 5);
    expect(foodOf(tank)).toEqual([[160 + 32 * 12, tank.height - 65, NECTAR_KIND]]);
    // An empty tank gets one fish in an emergency: it is put to the flower, hungry.
    tank.fish.x[0] = 160 + 32 * 12;
    tank.fish.y[0] = tank.height - 60;
    tank.fish.energy[0] = 10;
    for (let i = 0; i < 20 && (tank.plants.nectar[0] as number) > 0; i++) {
      tank.fish.vx[0] = 0;
      tank.fish.vy[0] = 0;
      step(tank);
    }
    expect(foodOf(tank)).toEqual([]);
    expect(flowsOf(tank)["nectar"]).toBeCloseTo(50, 9);
    expect(flowsOf(tank)["bites"]).toBeCloseTo(50, 9);
    const { sprouted } = plantLedgerOf(tank);
    sprouts += sprouted;
    if (sprouted === 0) continue;
    const row = tank.plants.spot[0] === 12 ? 1 : 0;
    expect(Math.abs((tank.plants.x[row] as number) - (160 + 32 * 12))).toBeLessThanOrEqual(200);
    expect(tank.plants.generation[row]).toBe(1);
    expect(tank.plants.energy[row]).toBeLessThan(40);
    expect(tank.plants.parentCounter[row]).toBe(tank.plants.counter[1 - row] as number);
  }
  expect(sprouts).toBeGreaterThan(75);
  expect(sprouts).toBeLessThan(125);
});

test("a plant that lost everything withers; too few plants bring a new one", () => {
  const tank = pot(5, 0);
  tank.counters.lastPlantEmergencyTick = 0;
  step(tank);
  expect(plantLedgerOf(tank)).toMatchObject({ withered: 1, spawned: 0 });
  run(tank, 300);
  expect(plantLedgerOf(tank)).toMatchObject({ withered: 1, spawned: 1 });
  expect(tank.counters.plants).toBe(1);
});

test("a plant that comes back leaves no trace of having been away", () => {
  // Both loaded, as rows out of use still hold what was there.
  const saved = saveTank(run(tankOf(9, 30), 1_000));
  const [tank, twin] = [loadTank(saved), loadTank(saved)];
  for (const row of [0, 3, 1]) restorePlant(tank, exportPlant(tank, row));
  tank.counters.plantsExported -= 3;
  tank.counters.plantsRestored -= 3;
  expect(tank.arena.plants.columns).toEqual(twin.arena.plants.columns);
});

test("a tank without a free spot takes a returning plant in between, none from elsewhere", () => {
  const tank = tankOf(3, 10);
  const plant = exportPlant(tank, 4);
  for (let spot = spotForImport(tank, "left"); spot !== undefined; ) {
    importPlant(tank, { ...plant, counter: 5_000 + spot }, spot);
    spot = spotForImport(tank, "left");
  }
  expect(tank.counters.plants).toBe(25);
  restorePlant(tank, plant);
  restorePlant(tank, { ...plant, counter: 6_000 });
  inspect(tank);
  expect(tank.counters.plants).toBe(27);
  run(tank, 1_500);
  inspect(tank);
});

test("plants of any age wither, one in nine thousand a tick, so that others can sprout", () => {
  const ages: number[] = [];
  let lived = 0;
  for (let seed = 0; seed < 20; seed++) {
    const tank = run(tankOf(seed, 0), 1);
    for (let i = 0; i < 3_000; i++) {
      const before = new Map(plantsOf(tank).map(({ plant_id, age }) => [plant_id, age]));
      lived += before.size;
      step(tank);
      for (const { plant_id } of plantsOf(tank)) before.delete(plant_id);
      ages.push(...before.values());
    }
  }
  expect(ages.length).toBeGreaterThan((0.7 * lived) / 9_000);
  expect(ages.length).toBeLessThan((1.3 * lived) / 9_000);
  expect(Math.min(...ages)).toBeLessThan(500);
  expect(Math.max(...ages)).toBeGreaterThan(2_500);
});

test("a plant that travels keeps what it is; only its spot and hops change", () => {
  const [here, there] = [run(tankOf(4, 30), 500), tankOf(5, 30, OTHER_KEY)];
  const [migrant] = plantMigrants(here).concat(
    plantsOf(here).map(({ plant_id }) => ({ plantId: plant_id, side: "right" })),
  );
  const row = findPlant(here, migrant?.plantId ?? "") as number;
  const plant = exportPlant(here, row);
  expect(findPlant(here, migrant?.plantId ?? "")).toBeUndefined();
  const spot = spotForImport(there, "left") as number;
  importPlant(there, plant, spot);
  const arrived = readPlant(there, findPlant(there, migrant?.plantId ?? "") as number);
  expect(arrived).toEqual({ ...plant, spot, hops: plant.hops + 1 });
});

test("two plants at one spot, or one that nobody counted, stop the tank", () => {
  const tank = tankOf(4, 10);
  tank.plants.spot[1] = tank.plants.spot[0] as number;
  expect(() => step(tank)).toThrow("two plants at one spot");
  const other = tankOf(4, 10);
  other.counters.plantsSprouted += 1;
  expect(() => step(other)).toThrow("ledger says");
});

test("only plants near a wall may leave, through that wall", () => {
  const tank = tankOf(8, 10);
  const migrants = new Map(plantMigrants(tank).map(({ plantId, side }) => [plantId, side]));
  for (const { plant_id, x } of plantsOf(tank)) {
    const side = x < 200 ? "left" : x > tank.width - 200 ? "right" : undefined;
    expect(migrants.get(plant_id)).toBe(side as "left" | "right");
  }
});

test("large tanks have plants on several floors, none at the same place", () => {
  const tank = run(tankOf(2, 1_000), 50);
  expect(tank.counters.plants).toBe(130);
  inspect(tank);
  expect(new Set(plantsOf(tank).map(({ y }) => y)).size).toBe(3);
});

test("a plant holds at most its capacity", () => {
  const tank = run(at(pot(5, 599.9), 0.5), 10);
  expect(tank.plants.energy[0]).toBeLessThanOrEqual(plantCapacity(tank.plants.genes, 0));
  expect(tank.plants.genes.length).toBeGreaterThanOrEqual(25 * PLANT_GENE_COUNT);
});
