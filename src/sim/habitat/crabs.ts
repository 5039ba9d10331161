import { BITE_PER_SIZE, BODY_HALF, CONTACT } from "../model.ts";
import { floorY } from "../plants/spots.ts";
import { book, CAUSE } from "../state/energy-ledger.ts";
import { cellAt, type Grid } from "../state/grid.ts";
import { nextReal, nextUnit, STREAM } from "../state/rng.ts";
import type { Tank } from "../state/tank.ts";
import {
  CRAB_ABOVE_FLOOR,
  CRAB_BURN,
  CRAB_CAPACITY,
  CRAB_COOLDOWN_TICKS,
  CRAB_KILL_GAIN,
  CRAB_SIZE,
  CRAB_SPEED,
  CRAB_TURN,
  CRAB_X,
} from "./habitat-model.ts";

/** Two bodies touch when their 50×50 boxes do. */
const TOUCH = 2 * BODY_HALF;

/** The crabs of a new tank: one per reference area, spread along the floor. */
export function foundCrabs(tank: Tank): void {
  const { crabs, counters, arena, scratch } = tank;
  counters.crabs = arena.crabs.capacity;
  for (let row = 0; row < counters.crabs; row++) {
    const size = nextReal(arena.streams, STREAM.crabs, CRAB_SIZE[0], CRAB_SIZE[1]);
    crabs.x[row] = CRAB_X + (row * (tank.width - 2 * CRAB_X)) / counters.crabs;
    crabs.y[row] = floorY(tank, tank.shelves - 1 - (row % tank.shelves)) - CRAB_ABOVE_FLOOR;
    crabs.vx[row] = nextUnit(arena.streams, STREAM.crabs) < 0.5 ? -CRAB_SPEED : CRAB_SPEED;
    crabs.size[row] = size;
    crabs.energy[row] = CRAB_CAPACITY * size;
    crabs.cooldown[row] = 0;
    book(scratch.flows, CAUSE.crab_arrival, CRAB_CAPACITY * size);
  }
}

/** Crabs walk to and fro along the floor. They never pursue. */
export function walkCrabs(tank: Tank): void {
  const { crabs, counters, arena, scratch } = tank;
  const right = tank.width - BODY_HALF;
  let burnt = 0;
  for (let row = 0; row < counters.crabs; row++) {
    let speed = crabs.vx[row];
    if (nextUnit(arena.streams, STREAM.crabs) < CRAB_TURN) speed = -speed;
    const x = crabs.x[row] + speed;
    if (x < BODY_HALF) speed = Math.abs(speed);
    if (x > right) speed = -Math.abs(speed);
    crabs.vx[row] = speed;
    crabs.x[row] = Math.min(right, Math.max(BODY_HALF, x));
    const cooldown = crabs.cooldown[row];
    if (cooldown > 0) crabs.cooldown[row] = cooldown - 1;
    const held = crabs.energy[row];
    const left = Math.max(0, held - CRAB_BURN * crabs.size[row]);
    crabs.energy[row] = left;
    burnt += held - left;
  }
  book(scratch.flows, CAUSE.crab_burn, burnt);
}

/** Hungry crabs bite the food they touch, after the fish have. */
export function feedCrabs(tank: Tank): void {
  const { crabs, counters, scratch, food } = tank;
  let bitten = 0;
  for (let row = 0; row < counters.crabs; row++) {
    const size = crabs.size[row];
    const held = crabs.energy[row];
    const room = CRAB_CAPACITY * size - held;
    if (room <= 0) continue;
    const item = nearestFood(scratch.foodGrid, crabs.x[row], crabs.y[row], food.energy);
    if (item < 0) continue;
    const bite = Math.min(BITE_PER_SIZE * size, room, food.energy[item]);
    food.energy[item] = food.energy[item] - bite;
    crabs.energy[row] = held + bite;
    bitten += bite;
  }
  book(scratch.flows, CAUSE.crab_bites, bitten);
}

/**
 * A crab that has not killed lately kills the nearest fish that it touches and gains up to 60 of
 * its energy; the others that it touches remember. Marks the dead in `slain`.
 */
export function hunt(tank: Tank): void {
  const { crabs, counters, fish, scratch } = tank;
  scratch.slain.fill(0, 0, counters.fish);
  for (let row = 0; row < counters.crabs; row++) {
    const x = crabs.x[row];
    const y = crabs.y[row];
    const victim = touch(scratch.fishGrid, x, y, fish.age, fish.crabbedAt, scratch.slain);
    if (victim < 0 || crabs.cooldown[row] !== 0) continue;
    scratch.slain[victim] = 1;
    crabs.cooldown[row] = CRAB_COOLDOWN_TICKS;
    devour(tank, row, victim);
  }
}

/** What the crab does not gain of its victim is lost with it. */
function devour(tank: Tank, crab: number, victim: number): void {
  const { crabs, fish, scratch } = tank;
  const held = fish.energy[victim] + fish.bank[victim];
  const had = crabs.energy[crab];
  const room = CRAB_CAPACITY * crabs.size[crab] - had;
  const gain = Math.max(0, Math.min(CRAB_KILL_GAIN, room, held));
  crabs.energy[crab] = had + gain;
  fish.energy[victim] = 0;
  fish.bank[victim] = 0;
  book(scratch.flows, CAUSE.predation, gain);
  book(scratch.flows, CAUSE.predation_loss, held - gain);
}

/**
 * Notes the touch with every fish in reach. Returns the row of the nearest one that lives, or −1.
 */
function touch(
  grid: Grid,
  px: number,
  py: number,
  age: Uint32Array,
  crabbedAt: Uint32Array,
  slain: Uint8Array,
): number {
  const { columns, starts, slots, xs, ys } = grid;
  const first = cellAt(px - TOUCH, columns);
  const last = cellAt(px + TOUCH, columns);
  const bottom = cellAt(py + TOUCH, grid.rows);
  let nearest = -1;
  let best = Number.POSITIVE_INFINITY;
  for (let row = cellAt(py - TOUCH, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1];
    for (let at = starts[row * columns + first]; at < end; at++) {
      const dx = xs[at] - px;
      const dy = ys[at] - py;
      if (Math.abs(dx) >= TOUCH || Math.abs(dy) >= TOUCH) continue;
      const fish = slots[at];
      if (slain[fish] !== 0) continue;
      crabbedAt[fish] = age[fish] + 1;
      const square = dx * dx + dy * dy;
      if (square >= best) continue;
      best = square;
      nearest = fish;
    }
  }
  return nearest;
}

/** The nearest item with something left within contact, or −1. */
function nearestFood(grid: Grid, px: number, py: number, left: Float64Array): number {
  const { columns, starts, slots, xs, ys } = grid;
  const first = cellAt(px - CONTACT, columns);
  const last = cellAt(px + CONTACT, columns);
  const bottom = cellAt(py + CONTACT, grid.rows);
  let nearest = -1;
  let best = Number.POSITIVE_INFINITY;
  for (let row = cellAt(py - CONTACT, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1];
    for (let at = starts[row * columns + first]; at < end; at++) {
      const dx = xs[at] - px;
      const dy = ys[at] - py;
      if (Math.abs(dx) >= CONTACT || Math.abs(dy) >= CONTACT) continue;
      const square = dx * dx + dy * dy;
      if (square >= best || left[slots[at]] <= 0) continue;
      best = square;
      nearest = slots[at];
    }
  }
  return nearest;
}
