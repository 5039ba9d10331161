import { offersOf } from "../habitat/offers.ts";
import { diversityOf } from "../heredity/diversity.ts";
import { GENE } from "../heredity/genes.ts";
import { isFitToTravel } from "../heredity/reproduction.ts";
import { elderAge, sizeAt } from "../life/metabolism.ts";
import { BABY_TICKS, JUVENILE_TICKS } from "../model.ts";
import { plantLedgerOf } from "../plants/plant-ledger.ts";
import { ledgerOf, sumOf } from "../state/ledger.ts";
import { fishIdOf, genomeOf, parentIdsOf } from "../state/population.ts";
import type { Tank } from "../state/tank.ts";
import type { Census, FishId, FishView, TankStats } from "../types.ts";

export function statsOf(tank: Tank): TankStats {
  const { counters, fish } = tank;
  return {
    tick: counters.tick,
    alive: counters.fish,
    food: counters.food,
    capacity: tank.cap,
    maxGeneration: maxGenerationOf(tank),
    energy: sumOf(fish.energy, counters.fish),
    games: { fish: counters.gamesFish, plants: counters.gamesPlants },
    diversity: diversityOf(tank),
    ledger: ledgerOf(counters),
    births: {
      sexual: counters.bornSexual,
      asexual: counters.bornAsexual,
      banked: counters.bornBanked,
      poker: counters.bornPoker,
    },
    plants: counters.plants,
    plantLedger: plantLedgerOf(tank),
  };
}

/** Every living fish, in the order of ids. */
export function fishOf(tank: Tank): FishView[] {
  return Array.from({ length: tank.counters.fish }, (_, row) => fishViewAt(tank, row));
}

/** x, y and index into FOOD_KINDS of every food item, then of nectar and feeders' morsels. */
export function foodOf(tank: Tank): [x: number, y: number, kind: number][] {
  const { food, counters } = tank;
  const items = Array.from({ length: counters.food }, (_, row): [number, number, number] => [
    food.x[row],
    food.y[row],
    food.kind[row],
  ]);
  return [...items, ...offersOf(tank)];
}

/** The fish that are fit to travel, in the order of ids. */
export function migrants(tank: Tank): FishId[] {
  const { fish, counters } = tank;
  const ids: FishId[] = [];
  for (let row = 0; row < counters.fish; row++) {
    if (isFitToTravel(fish.age[row])) ids.push(fishIdOf(tank, row));
  }
  return ids;
}

export function censusOf(tank: Tank): Census {
  const { counters, fish } = tank;
  const rows = Array.from({ length: counters.fish }, (_, row) => row);
  return {
    tick: counters.tick,
    alive: counters.fish,
    ledger: ledgerOf(counters),
    fish_ids: rows.map((row) => fishIdOf(tank, row)),
    hops: rows.map((row) => fish.hops[row]),
  };
}

export function fishViewAt(tank: Tank, row: number): FishView {
  const { fish } = tank;
  const age = fish.age[row];
  return {
    fish_id: fishIdOf(tank, row),
    x: fish.x[row],
    y: fish.y[row],
    vx: fish.vx[row],
    vy: fish.vy[row],
    energy: fish.energy[row],
    age,
    stage: stageOf(age, fish.lifespan[row]),
    generation: fish.generation[row],
    hops: fish.hops[row],
    parent_ids: parentIdsOf(tank, row),
    size: sizeAt(age, fish.girth[row]),
    hue: tank.bodies.genes[genomeOf(tank, row) + GENE.hue],
  };
}

function stageOf(age: number, lifespan: number): FishView["stage"] {
  if (age < BABY_TICKS) return "baby";
  if (age < JUVENILE_TICKS) return "juvenile";
  return age < elderAge(lifespan) ? "adult" : "elder";
}

function maxGenerationOf(tank: Tank): number {
  let max = 0;
  for (let row = 0; row < tank.counters.fish; row++) {
    max = Math.max(max, tank.fish.generation[row]);
  }
  return max;
}
