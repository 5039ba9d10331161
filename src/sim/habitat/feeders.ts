import { floorY } from "../plants/spots.ts";
import { book, CAUSE } from "../state/energy-ledger.ts";
import { nearestWithin } from "../state/grid.ts";
import type { Tank } from "../state/tank.ts";
import { FEEDER_ABOVE_FLOOR, FEEDER_KINDS } from "./habitat-model.ts";

type FeederKind = (typeof FEEDER_KINDS)[number];

export function feederKind(tank: Tank, row: number): FeederKind {
  return FEEDER_KINDS[tank.feeders.kind[row]];
}

/** The feeders of a new tank: one of each kind per reference area, full. */
export function foundFeeders(tank: Tank): void {
  const { feeders, counters, arena, scratch, width } = tank;
  const kinds = FEEDER_KINDS.length;
  counters.feeders = arena.feeders.capacity;
  for (let row = 0; row < counters.feeders; row++) {
    const kind = row % kinds;
    feeders.kind[row] = kind;
    const { place, stock } = feederKind(tank, row);
    const pair = Math.floor(row / kinds);
    feeders.x[row] = (width * kinds * (pair + place)) / counters.feeders;
    feeders.y[row] = floorY(tank, tank.shelves - 1 - (pair % tank.shelves)) - FEEDER_ABOVE_FLOOR;
    feeders.stock[row] = stock;
    feeders.morsel[row] = 0;
    feeders.cooldown[row] = 0;
    feeders.dwell[row] = 0;
    book(scratch.flows, CAUSE.recharge, stock);
  }
}

/**
 * Feeders fill up and, when fish have been near for long enough, offer a morsel at their mouth: the
 * reef at once, the grotto to those that wait (TW core/entity_factory.py).
 */
export function tendFeeders(tank: Tank): void {
  const { feeders, counters, scratch } = tank;
  let recharged = 0;
  for (let row = 0; row < counters.feeders; row++) {
    const kind = feederKind(tank, row);
    const stock = feeders.stock[row];
    const filled = Math.min(kind.stock, stock + kind.recharge);
    recharged += filled - stock;
    feeders.stock[row] = filled;
    if (feeders.morsel[row] > 0) continue;
    const [x, y] = [feeders.x[row], feeders.y[row]];
    const visited = nearestWithin(scratch.fishGrid, x, y, kind.reach) >= 0;
    const dwell = visited ? Math.min(kind.dwell, feeders.dwell[row]) + 1 : 0;
    feeders.dwell[row] = dwell;
    const cooldown = feeders.cooldown[row];
    if (cooldown > 0) feeders.cooldown[row] = cooldown - 1;
    if (cooldown > 1 || dwell <= kind.dwell || filled < kind.morsel) continue;
    feeders.stock[row] = filled - kind.morsel;
    feeders.morsel[row] = kind.morsel;
    feeders.cooldown[row] = kind.cooldown;
  }
  book(scratch.flows, CAUSE.recharge, recharged);
}
