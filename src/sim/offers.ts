import { book, CAUSE } from "./energy-ledger.ts";
import { PLANT_HEIGHT } from "./habitat-model.ts";
import { NECTAR_KIND } from "./model.ts";
import { spreadSeed } from "./plants/garden.ts";
import { plantCapacity, plantSize } from "./plants/growth.ts";
import { PLANT_GENE_COUNT } from "./plants/plant-genome.ts";
import type { Tank } from "./tank.ts";

/**
 * Nectar and morsels belong to the plant or feeder that offers them, and travel with it. While fish
 * look for food and eat they stand as food items behind those in the table; what is left of them then
 * goes back to its owner. So they are found, weighed and bitten like any food, and leave no row
 * behind. In the scratch, `offers` names their owners: plant rows first, then feeder rows.
 */

/** Where a plant holds its nectar, pixels. */
export function nectarY(tank: Tank, row: number): number {
  const { plants } = tank;
  const capacity = plantCapacity(plants.genes, row * PLANT_GENE_COUNT);
  const size = plantSize(plants.energy[row] as number, capacity);
  return (plants.y[row] as number) - PLANT_HEIGHT * size;
}

/** x, y and food kind of everything that is on offer. */
export function offersOf(tank: Tank): [x: number, y: number, kind: number][] {
  const { plants, feeders, counters } = tank;
  const offers: [number, number, number][] = [];
  for (let row = 0; row < counters.plants; row++) {
    if ((plants.nectar[row] as number) <= 0) continue;
    offers.push([plants.x[row] as number, nectarY(tank, row), NECTAR_KIND]);
  }
  for (let row = 0; row < counters.feeders; row++) {
    if ((feeders.morsel[row] as number) <= 0) continue;
    offers.push([feeders.x[row] as number, feeders.y[row] as number, feeders.kind[row] as number]);
  }
  return offers;
}

/** Puts the offers behind the food items. Returns the rows in use with them. */
export function layOut(tank: Tank): number {
  const { plants, feeders, counters, scratch } = tank;
  let offered = 0;
  for (let row = 0; row < counters.plants; row++) {
    const nectar = plants.nectar[row] as number;
    if (nectar <= 0) continue;
    scratch.offers[offered] = row;
    show(tank, offered++, plants.x[row] as number, nectarY(tank, row), nectar, NECTAR_KIND);
  }
  scratch.offerCounts[0] = offered;
  for (let row = 0; row < counters.feeders; row++) {
    const morsel = feeders.morsel[row] as number;
    if (morsel <= 0) continue;
    scratch.offers[offered] = row;
    const [x, y] = [feeders.x[row] as number, feeders.y[row] as number];
    // The kinds of feeders give the first kinds of food: algae and protein.
    show(tank, offered++, x, y, morsel, feeders.kind[row] as number);
  }
  scratch.offerCounts[1] = offered;
  return counters.food + offered;
}

function show(tank: Tank, offer: number, x: number, y: number, energy: number, kind: number): void {
  const { food, counters } = tank;
  const row = counters.food + offer;
  food.x[row] = x;
  food.y[row] = y;
  food.vx[row] = 0;
  food.vy[row] = 0;
  food.energy[row] = energy;
  food.closed[row] = 0;
  food.kind[row] = kind;
}

/** Gives back what is left of the offers; nectar that is gone may have spread a seed. */
export function takeBack(tank: Tank): void {
  const { plants, feeders, food, counters, scratch } = tank;
  const nectars = scratch.offerCounts[0] as number;
  const offers = scratch.offerCounts[1] as number;
  let sipped = 0;
  let dispensed = 0;
  let spent = 0;
  for (let offer = 0; offer < offers; offer++) {
    const owner = scratch.offers[offer] as number;
    const left = food.energy[counters.food + offer] as number;
    if (offer >= nectars) {
      dispensed += (feeders.morsel[owner] as number) - left;
      feeders.morsel[owner] = left;
      continue;
    }
    sipped += (plants.nectar[owner] as number) - left;
    plants.nectar[owner] = left;
    // Sprouts shift rows, but no spots.
    if (left <= 0) scratch.offers[spent++] = plants.spot[owner] as number;
  }
  book(scratch.flows, CAUSE.nectar, sipped);
  book(scratch.flows, CAUSE.dispensed, dispensed);
  for (let i = 0; i < spent; i++) spreadSeed(tank, scratch.offers[i] as number);
}
