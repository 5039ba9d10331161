import { BABY_TICKS } from "../model.ts";
import { fillGrid, type Grid, makeGrid } from "../state/grid.ts";
import { nextInteger, STREAM } from "../state/rng.ts";
import type { Tank } from "../state/tank.ts";
import { type Game, makeGame, playGame, seatBaseline, seatFish } from "./players.ts";
import {
  ANTE,
  BIG_BLIND,
  BIG_BLIND_SHARE,
  CHIPS_PER_ENERGY,
  ENERGY_MIN,
  FISH_TABLES,
  MIXED_TABLES,
} from "./rules.ts";
import { type Guests, makeGuests, seatFishTable, seatMixedTable } from "./seating.ts";
import { settle } from "./settlement.ts";

/** Work space of the phase. */
export interface Parlour {
  readonly game: Game;
  readonly guests: Guests;
  readonly grid: Grid;
}

export function makeParlour(width: number, height: number, players: number): Parlour {
  return {
    game: makeGame(),
    guests: makeGuests(players),
    grid: makeGrid(width, height, players),
  };
}

/**
 * The poker of a tick: first a table among fish for each reference area, then tables of fish with
 * plants. Nobody plays twice in a tick; whom the tables begin with is drawn anew each tick.
 */
export function playPoker(tank: Tank): void {
  const { fish: f, plants: p, counters, scratch, bodies, arena } = tank;
  const { guests, grid, game } = scratch.parlour;
  restPlants(counters.plants, p.cooldown);
  inviteFish(guests, counters.fish, f.x, f.y, f.energy, f.age, f.pokerRestUntil);
  if (guests.fish === 0) return;
  invitePlants(guests, counters.plants, p.x, p.y, p.energy, p.cooldown);
  if (guests.count < 2) return;
  fillGrid(grid, guests.count, guests.x, guests.y);
  game.regrets = bodies.regrets;
  game.visits = bodies.visits;
  game.streams = arena.streams;
  // Winners may breed right away: nobody has mated in this tick yet.
  scratch.mated.fill(0, 0, counters.fish);
  const first = nextInteger(arena.streams, STREAM.poker, guests.fish);
  counters.gamesFish += fillTables(tank, first, FISH_TABLES, seatFishTable);
  if (guests.count > guests.fish) {
    counters.gamesPlants += fillTables(tank, first, MIXED_TABLES, seatMixedTable);
  }
}

/**
 * Tables around one free fish after the other, up to `tables` a reference area. Returns how many.
 */
function fillTables(
  tank: Tank,
  first: number,
  tables: number,
  seatTable: (guests: Guests, grid: Grid, host: number) => number,
): number {
  const { guests, grid, game } = tank.scratch.parlour;
  const limit = Math.max(tables, Math.floor(tables * tank.scale));
  let played = 0;
  for (let turn = 0; turn < guests.fish && played < limit; turn++) {
    const host = first + turn < guests.fish ? first + turn : first + turn - guests.fish;
    if (guests.taken[host] !== 0) continue;
    const seats = seatTable(guests, grid, host);
    if (seats < 2) continue;
    openTable(tank, game, guests, seats);
    playGame(game);
    settle(tank, game, guests);
    played += 1;
  }
  return played;
}

/** Seats the guests with their chips; the poorest sets the stakes. */
function openTable(tank: Tank, game: Game, guests: Guests, seats: number): void {
  const { fish, plants, bodies, arena } = tank;
  const { table } = game;
  let poorest = Number.MAX_SAFE_INTEGER;
  for (let seat = 0; seat < seats; seat++) {
    const guest = guests.seated[seat];
    const row = guests.who[guest];
    const isFish = guest < guests.fish;
    if (isFish) seatFish(game, seat, bodies.genes, fish.body[row]);
    else seatBaseline(game, seat, plants.strategy[row]);
    const energy = isFish ? fish.energy[row] : plants.energy[row];
    const chips = Math.floor(energy * CHIPS_PER_ENERGY);
    guests.taken[guest] = 1;
    table.bought[seat] = chips;
    poorest = Math.min(poorest, chips);
  }
  const big = Math.min(BIG_BLIND * CHIPS_PER_ENERGY, Math.floor(poorest * BIG_BLIND_SHARE));
  table.seats = seats;
  table.button = nextInteger(arena.streams, STREAM.poker, seats);
  table.ante = ANTE * CHIPS_PER_ENERGY;
  table.bigBlind = big;
  table.smallBlind = big >> 1;
}

/** Fish that have rested, can pay the stakes and are no babies. */
function inviteFish(
  guests: Guests,
  count: number,
  x: Float64Array,
  y: Float64Array,
  energy: Float64Array,
  age: Uint32Array,
  restUntil: Uint32Array,
): void {
  const { who, x: xs, y: ys, taken } = guests;
  let invited = 0;
  for (let row = 0; row < count; row++) {
    const ticks = age[row];
    if (ticks < restUntil[row] || ticks < BABY_TICKS) continue;
    if (energy[row] < ENERGY_MIN) continue;
    who[invited] = row;
    xs[invited] = x[row];
    ys[invited] = y[row];
    taken[invited] = 0;
    invited += 1;
  }
  guests.fish = invited;
  guests.count = invited;
}

function invitePlants(
  guests: Guests,
  count: number,
  x: Float64Array,
  y: Float64Array,
  energy: Float64Array,
  cooldown: Uint32Array,
): void {
  const { who, x: xs, y: ys, taken } = guests;
  let invited = guests.count;
  for (let row = 0; row < count; row++) {
    if (cooldown[row] !== 0 || energy[row] < ENERGY_MIN) continue;
    who[invited] = row;
    xs[invited] = x[row];
    ys[invited] = y[row];
    taken[invited] = 0;
    invited += 1;
  }
  guests.count = invited;
}

function restPlants(count: number, cooldown: Uint32Array): void {
  for (let row = 0; row < count; row++) {
    const ticks = cooldown[row];
    if (ticks > 0) cooldown[row] = ticks - 1;
  }
}
