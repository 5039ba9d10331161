import { cellAt, type Grid } from "../state/grid.ts";
import { TABLE_NEAREST, TABLE_REACH } from "./rules.ts";
import { SEATS_MAX } from "./table.ts";

/**
 * Who could play in this tick: fish first, then plants, with their places. Work space of a tick.
 * `who` is the row in the table of fish or, from `fish` on, of plants.
 */
export interface Guests {
  fish: number;
  count: number;
  readonly who: Uint32Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Not 0: has played in this tick. */
  readonly taken: Uint8Array;
  /** The guests at the table that is being filled. */
  readonly seated: Uint32Array;
  /** Those in reach of its first guest, nearest first, and their distances squared. */
  readonly near: Uint32Array;
  readonly squares: Float64Array;
}

/**
 * Candidates that are looked at for one table: enough to find five that are close to each other.
 */
const NEAR_MAX = 12;
const REACH_SQUARE = TABLE_REACH * TABLE_REACH;
const NEAREST_SQUARE = TABLE_NEAREST * TABLE_NEAREST;

export function makeGuests(capacity: number): Guests {
  return {
    fish: 0,
    count: 0,
    who: new Uint32Array(capacity),
    x: new Float64Array(capacity),
    y: new Float64Array(capacity),
    taken: new Uint8Array(capacity),
    seated: new Uint32Array(SEATS_MAX),
    near: new Uint32Array(NEAR_MAX + 1),
    squares: new Float64Array(NEAR_MAX + 1),
  };
}

/**
 * A table of fish only around `host`: the nearest ones that are in reach of everybody seated so
 * far. Returns the number of seats, 1 where nobody is.
 */
export function seatFishTable(guests: Guests, grid: Grid, host: number): number {
  const near = findNear(guests, grid, host, guests.fish);
  guests.seated[0] = host;
  let seats = 1;
  for (let at = 0; at < near && seats < SEATS_MAX; at++) {
    const guest = guests.near[at];
    if (!isNearAll(guests, guest, seats)) continue;
    guests.seated[seats] = guest;
    seats += 1;
  }
  return seats;
}

/**
 * A table around `host` of the nearest fish and plants. Returns 1 where no plant would sit at it.
 */
export function seatMixedTable(guests: Guests, grid: Grid, host: number): number {
  const near = findNear(guests, grid, host, guests.count);
  guests.seated[0] = host;
  let seats = 1;
  let plants = 0;
  for (let at = 0; at < near && seats < SEATS_MAX; at++) {
    const guest = guests.near[at];
    guests.seated[seats] = guest;
    seats += 1;
    plants += guest >= guests.fish ? 1 : 0;
  }
  return plants > 0 ? seats : 1;
}

export function squareBetween(guests: Guests, one: number, other: number): number {
  const dx = guests.x[one] - guests.x[other];
  const dy = guests.y[one] - guests.y[other];
  return dx * dx + dy * dy;
}

function isNearAll(guests: Guests, guest: number, seats: number): boolean {
  for (let seat = 1; seat < seats; seat++) {
    const square = squareBetween(guests, guest, guests.seated[seat]);
    if (square > REACH_SQUARE || square < NEAREST_SQUARE) return false;
  }
  return true;
}

/** Lists the nearest guests below `end` who are free and in reach of `host`. Returns how many. */
function findNear(guests: Guests, grid: Grid, host: number, end: number): number {
  const { columns, rows, starts, slots } = grid;
  const { x, y, taken } = guests;
  const px = x[host];
  const py = y[host];
  const first = cellAt(px - TABLE_REACH, columns);
  const last = cellAt(px + TABLE_REACH, columns);
  const bottom = cellAt(py + TABLE_REACH, rows);
  let found = 0;
  for (let row = cellAt(py - TABLE_REACH, rows); row <= bottom; row++) {
    const stop = starts[row * columns + last + 1];
    for (let at = starts[row * columns + first]; at < stop; at++) {
      const guest = slots[at];
      if (guest >= end || guest === host || taken[guest] !== 0) continue;
      const square = squareBetween(guests, host, guest);
      if (square > REACH_SQUARE || square < NEAREST_SQUARE) continue;
      found = insert(guests.near, guests.squares, found, guest, square);
    }
  }
  return found;
}

/** Keeps the list sorted by distance, then by guest. Returns its new length. */
function insert(
  near: Uint32Array,
  squares: Float64Array,
  count: number,
  guest: number,
  square: number,
): number {
  let at = count;
  while (at > 0) {
    const before = squares[at - 1];
    if (before < square || (before === square && near[at - 1] < guest)) break;
    near[at] = near[at - 1];
    squares[at] = before;
    at -= 1;
  }
  near[at] = guest;
  squares[at] = square;
  return Math.min(NEAR_MAX, count + 1);
}
