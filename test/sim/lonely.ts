import { nicheOf } from "../../src/sim/behaviour/ways.ts";
import { GENE, TRAIT_CELLS } from "../../src/sim/heredity/genes.ts";
import { apply, FOOD_KINDS } from "../../src/sim/index.ts";
import { capacityAt } from "../../src/sim/life/metabolism.ts";
import { genomeOf } from "../../src/sim/state/population.ts";
import type { Tank } from "../../src/sim/state/tank.ts";
import { tankOf } from "./scripts.ts";

/**
 * A few still adults in a tank where nothing else is and nothing comes, in a row from (500, 300)
 * on.
 */
export function quietTank(fish: number, apart = 40, seed = 1): Tank {
  const tank = tankOf(seed, fish);
  tank.counters.food = 0;
  tank.counters.crabs = 0;
  tank.counters.plants = 0;
  tank.counters.plantsFounded = 0;
  tank.counters.feeders = 0;
  tank.counters.lastPlantEmergencyTick = 1e9;
  tank.counters.foodCredit = -1e9;
  tank.counters.lastEmergencyTick = 1e9;
  for (let row = 0; row < fish; row++) {
    tank.fish.x[row] = 500 + apart * row;
    tank.fish.y[row] = 300;
    tank.fish.vx[row] = 0;
    tank.fish.vy[row] = 0;
    tank.fish.age[row] = 1_000;
    // Nobody plays unless a test is about that.
    tank.fish.pokerRestUntil[row] = 1e9;
    setGene(tank, row, GENE.asexual, 0);
    setGene(tank, row, GENE.fleeThreshold, 180);
    setWays(tank, row, {});
    feed(tank, row, 0.3);
  }
  return tank;
}

export function setGene(tank: Tank, row: number, gene: number, value: number): void {
  tank.bodies.genes[genomeOf(tank, row) + gene] = value;
  if (gene < TRAIT_CELLS) tank.fish.traits[row * TRAIT_CELLS + gene] = value;
}

export interface Ways {
  readonly threat?: number;
  readonly food?: number;
  readonly poker?: number;
  readonly social?: number;
}

/** Ways of behaviour; those not named are the first ones: panic, direct, avoid, solo. */
export function setWays(tank: Tank, row: number, ways: Ways): void {
  setGene(tank, row, GENE.threatWay, ways.threat ?? 0);
  setGene(tank, row, GENE.foodWay, ways.food ?? 0);
  setGene(tank, row, GENE.pokerWay, ways.poker ?? 0);
  setGene(tank, row, GENE.socialWay, ways.social ?? 0);
  tank.fish.niche[row] = nicheOf(tank.bodies.genes, genomeOf(tank, row));
}

/** Sets a fish's energy to a share of what it can hold. */
export function feed(tank: Tank, row: number, ratio: number): void {
  const { age, girth, energy } = tank.fish;
  energy[row] = ratio * capacityAt(age[row] as number, girth[row] as number);
}

export function putFood(tank: Tank, x: number, y: number, kind = 0): number {
  apply(tank, { kind: "feed", portions: 1 });
  const row = tank.counters.food - 1;
  tank.food.x[row] = x;
  tank.food.y[row] = y;
  tank.food.kind[row] = kind;
  tank.food.energy[row] = FOOD_KINDS[kind]?.energy ?? 0;
  tank.food.closed[row] = 0;
  return row;
}

export function putCrab(tank: Tank, x: number, y: number): void {
  const row = tank.counters.crabs;
  tank.counters.crabs = row + 1;
  tank.crabs.x[row] = x;
  tank.crabs.y[row] = y;
  tank.crabs.vx[row] = 0;
  tank.crabs.energy[row] = 100;
}
