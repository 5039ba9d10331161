import { EDGE_SPOTS, PLANT_SIDE_MARGIN } from "../habitat/habitat-model.ts";
import type { Tank } from "../state/tank.ts";
import type { Side } from "../types.ts";

/**
 * Where plants root: spots in a row along each floor, left to right, upper floors first. No two
 * plants share one. A plant that comes back perhaps finds its spot taken, in the end even all of
 * them: spots from `tank.plantSpots` on lie between the others, as many as needed, and nothing
 * sprouts there.
 */

/**
 * Its multiples, less the whole part, are all different, evenly spread, and on no spot of the row.
 */
const GOLDEN_SHARE = 0.618_033_988_749_894_9;

/** Spots of one floor. */
export function spotsAFloor(tank: Tank): number {
  return Math.ceil(tank.plantSpots / tank.shelves);
}

/** Where a spot lies along its floor, pixels. */
export function spotX(tank: Tank, spot: number): number {
  const span = tank.width - 2 * PLANT_SIDE_MARGIN;
  const inRow = spotsAFloor(tank);
  const between = spot - tank.plantSpots;
  const turned = GOLDEN_SHARE * (between + 1);
  const share = between < 0 ? (spot % inRow) / (inRow - 1) : turned - Math.floor(turned);
  return PLANT_SIDE_MARGIN + span * share;
}

/** The height of its floor, pixels. */
export function spotY(tank: Tank, spot: number): number {
  if (spot >= tank.plantSpots) return tank.height;
  return floorY(tank, Math.floor(spot / spotsAFloor(tank)));
}

/** The height of a floor, pixels; the last is the bottom of the tank. */
export function floorY(tank: Tank, floor: number): number {
  return (tank.height * (floor + 1)) / tank.shelves;
}

/** The row of the plant at a spot, or where it would have to go. */
export function rowOfSpot(tank: Tank, spot: number): number {
  const { plants, counters } = tank;
  let low = 0;
  let high = counters.plants;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (plants.spot[middle] < spot) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function isTaken(tank: Tank, spot: number): boolean {
  const row = rowOfSpot(tank, spot);
  return row < tank.counters.plants && tank.plants.spot[row] === spot;
}

/** The empty spots within `reach` px of one on the same floor. */
export function emptyAround(tank: Tank, spot: number, reach: number): number[] {
  if (spot >= tank.plantSpots) return [];
  const inRow = spotsAFloor(tank);
  const begin = spot - (spot % inRow);
  const gap = (tank.width - 2 * PLANT_SIDE_MARGIN) / (inRow - 1);
  const near = Math.floor(reach / gap);
  return emptySpots(tank, Math.max(begin, spot - near), Math.min(begin + inRow - 1, spot + near));
}

/** The empty spots from `first` to `last`, without those between. */
export function emptySpots(tank: Tank, first: number, last: number): number[] {
  const spots: number[] = [];
  for (let spot = Math.max(0, first); spot <= Math.min(last, tank.plantSpots - 1); spot++) {
    if (!isTaken(tank, spot)) spots.push(spot);
  }
  return spots;
}

/** `spot`, or the empty one nearest to it (the left one of two), or the first between. */
export function spotNear(tank: Tank, spot: number): number {
  for (let off = 0; off < tank.plantSpots; off++) {
    for (const near of [spot - off, spot + off]) {
      if (near >= 0 && near < tank.plantSpots && !isTaken(tank, near)) return near;
    }
  }
  let between = tank.plantSpots;
  while (isTaken(tank, between)) between += 1;
  return between;
}

/** The wall at whose side a spot lies, or undefined when it is too far from both. */
export function edgeOf(tank: Tank, spot: number): Side | undefined {
  if (spot >= tank.plantSpots) return undefined;
  const inRow = spotsAFloor(tank);
  const place = spot % inRow;
  if (place < EDGE_SPOTS) return "left";
  return place >= inRow - EDGE_SPOTS ? "right" : undefined;
}
