import { NECTAR_KIND } from "../model.ts";
import { spreadSeed } from "../plants/garden.ts";
import { plantCapacity, plantSize } from "../plants/growth.ts";
import { PLANT_GENE_COUNT } from "../plants/plant-genome.ts";
import { book, CAUSE } from "../state/energy-ledger.ts";
import type { Tank } from "../state/tank.ts";
import { PLANT_HEIGHT } from "./habitat-model.ts";

/**
 * Nectar and morsels belong to the plant or feeder that offers them, and travel with it. While fish
 * look for food and eat they stand as food items behind those in the table; what is left of them
 * then goes back to its owner. So they are found, weighed and bitten like any food, and leave no
 * row behind. In the scratch, `offers` names their owners: plant rows first, then feeder rows.
 */

/** Where a plant holds its nectar, pixels. */
function nectarHeight(genes: Float32Array, row: number, energy: number, y: number): number {
  return y - PLANT_HEIGHT * plantSize(energy, plantCapacity(genes, row * PLANT_GENE_COUNT));
}

/** x, y and food kind of everything that is on offer. */
export function offersOf(tank: Tank): [x: number, y: number, kind: number][] {
  const { plants, feeders, counters } = tank;
  const offers: [number, number, number][] = [];
  for (let row = 0; row < counters.plants; row++) {
    if (plants.nectar[row] <= 0) continue;
    const [energy, foot] = [plants.energy[row], plants.y[row]];
    const y = nectarHeight(plants.genes, row, energy, foot);
    offers.push([plants.x[row], y, NECTAR_KIND]);
  }
  for (let row = 0; row < counters.feeders; row++) {
    if (feeders.morsel[row] <= 0) continue;
    offers.push([feeders.x[row], feeders.y[row], feeders.kind[row]]);
  }
  return offers;
}

/** Puts the offers behind the food items. Returns the rows in use with them. */
export function layOut(tank: Tank): number {
  const { plants, feeders, food, counters, scratch } = tank;
  const nectars = layOutNectar(
    counters.plants,
    counters.food,
    plants.x,
    plants.y,
    plants.energy,
    plants.nectar,
    plants.genes,
    scratch.offers,
    food.x,
    food.y,
    food.energy,
    food.kind,
  );
  let offered = nectars;
  for (let row = 0; row < counters.feeders; row++) {
    const morsel = feeders.morsel[row];
    if (morsel <= 0) continue;
    const at = counters.food + offered;
    scratch.offers[offered++] = row;
    food.x[at] = feeders.x[row];
    food.y[at] = feeders.y[row];
    food.energy[at] = morsel;
    // The kinds of feeders give the first kinds of food: algae and protein.
    food.kind[at] = feeders.kind[row];
  }
  scratch.offerCounts[0] = nectars;
  scratch.offerCounts[1] = offered;
  food.vx.fill(0, counters.food, counters.food + offered);
  food.vy.fill(0, counters.food, counters.food + offered);
  return counters.food + offered;
}

/** Writes food rows from `begin` on; returns how many. */
function layOutNectar(
  count: number,
  begin: number,
  x: Float64Array,
  y: Float64Array,
  energy: Float64Array,
  nectar: Float64Array,
  genes: Float32Array,
  owners: Uint32Array,
  foodX: Float64Array,
  foodY: Float64Array,
  foodEnergy: Float64Array,
  foodKind: Uint32Array,
): number {
  let offered = 0;
  for (let row = 0; row < count; row++) {
    const left = nectar[row];
    if (left <= 0) continue;
    const at = begin + offered;
    owners[offered++] = row;
    foodX[at] = x[row];
    foodY[at] = nectarHeight(genes, row, energy[row], y[row]);
    foodEnergy[at] = left;
    foodKind[at] = NECTAR_KIND;
  }
  return offered;
}

/** Gives back what is left of the offers; nectar that is gone may have spread a seed. */
export function takeBack(tank: Tank): void {
  const { plants, feeders, food, counters, scratch } = tank;
  const nectars = scratch.offerCounts[0];
  const offers = scratch.offerCounts[1];
  const begin = counters.food;
  const sipped = giveBack(0, nectars, begin, scratch.offers, food.energy, plants.nectar);
  const dispensed = giveBack(nectars, offers, begin, scratch.offers, food.energy, feeders.morsel);
  book(scratch.flows, CAUSE.dispensed, dispensed);
  if (sipped === 0) return;
  book(scratch.flows, CAUSE.nectar, sipped);
  // Sprouts shift rows, but no spots.
  let spent = 0;
  for (let offer = 0; offer < nectars; offer++) {
    const owner = scratch.offers[offer];
    if (plants.nectar[owner] > 0) continue;
    scratch.offers[spent++] = plants.spot[owner];
  }
  for (let i = 0; i < spent; i++) spreadSeed(tank, scratch.offers[i]);
}

/** Writes what is left of the offers from `first` on to their owners; returns what was taken. */
function giveBack(
  first: number,
  end: number,
  begin: number,
  owners: Uint32Array,
  foodEnergy: Float64Array,
  held: Float64Array,
): number {
  let taken = 0;
  for (let offer = first; offer < end; offer++) {
    const owner = owners[offer];
    const left = foodEnergy[begin + offer];
    taken += held[owner] - left;
    held[owner] = left;
  }
  return taken;
}
