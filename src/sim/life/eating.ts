import { DRIVE } from "../behaviour/drive.ts";
import { BANK_CAPACITIES, BITE_PER_SIZE, CAPACITY_PER_SIZE, CONTACT } from "../model.ts";
import { cellAt, type Grid } from "../state/grid.ts";

/**
 * Every fish with room for more bites each item it touches; what exceeds its capacity goes to its
 * bank. Fish with lower ids bite first. Fish that eat rest in `drive`, the others are idle. Returns
 * what was eaten in all. Those who eat from an offer, an item from `offersFrom` on, are grazing.
 */
export function eatFood(
  count: number,
  grid: Grid,
  x: Float64Array,
  y: Float64Array,
  size: Float64Array,
  energy: Float64Array,
  bank: Float64Array,
  left: Float64Array,
  offersFrom: number,
  drive: Uint8Array,
  grazing: Uint8Array,
): number {
  let eaten = 0;
  for (let i = 0; i < count; i++) {
    const capacity = CAPACITY_PER_SIZE * size[i];
    const had = energy[i];
    drive[i] = DRIVE.idle;
    grazing[i] = 0;
    if (had >= capacity) continue;
    const room = capacity - had + BANK_CAPACITIES * capacity - bank[i];
    const bite = BITE_PER_SIZE * size[i];
    const gain = biteAround(grid, x[i], y[i], bite, room, left, offersFrom, i, grazing);
    if (gain === 0) continue;
    drive[i] = DRIVE.resting;
    eaten += gain;
    const total = had + gain;
    energy[i] = Math.min(capacity, total);
    bank[i] = bank[i] + Math.max(0, total - capacity);
  }
  return eaten;
}

/** Bites everything within contact, at most `room` in all. Returns the energy gained. */
function biteAround(
  grid: Grid,
  px: number,
  py: number,
  bite: number,
  room: number,
  left: Float64Array,
  offersFrom: number,
  eater: number,
  grazing: Uint8Array,
): number {
  const { columns, starts, slots, xs, ys } = grid;
  const first = cellAt(px - CONTACT, columns);
  const last = cellAt(px + CONTACT, columns);
  const bottom = cellAt(py + CONTACT, grid.rows);
  let gain = 0;
  for (let row = cellAt(py - CONTACT, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1];
    for (let at = starts[row * columns + first]; at < end; at++) {
      if (Math.abs(xs[at] - px) >= CONTACT) continue;
      if (Math.abs(ys[at] - py) >= CONTACT) continue;
      const item = slots[at];
      const taken = Math.min(bite, left[item], room - gain);
      left[item] = left[item] - taken;
      gain += taken;
      if (item >= offersFrom) grazing[eater] = 1;
    }
  }
  return gain;
}

/** Marks the items that are eaten up. */
export function markEaten(
  count: number,
  left: Float64Array,
  closed: Float64Array,
  marks: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    marks[i] = left[i] <= 0 && closed[i] <= 0 ? 1 : 0;
  }
}
