import { bearAfterPoker } from "../heredity/reproduction.ts";
import { MEMORY, remember } from "../life/memory.ts";
import { capacityAt, sizeAt } from "../life/metabolism.ts";
import { BANK_CAPACITIES } from "../model.ts";
import { plantCapacity, plantSize } from "../plants/growth.ts";
import { PLANT_GENE_COUNT } from "../plants/plant-genome.ts";
import { book, CAUSE } from "../state/energy-ledger.ts";
import type { Tank } from "../state/tank.ts";
import type { Game } from "./players.ts";
import {
  CHIPS_PER_ENERGY,
  CUT_BASE,
  CUT_MAX,
  CUT_PER_SIZE,
  CUT_SIZE,
  REST_TICKS,
} from "./rules.ts";
import type { Guests } from "./seating.ts";
import type { Table } from "./table.ts";

const NOBODY = -1;

/** Turns the chips of a finished hand into energy, takes the house's cut, and sends all to rest. */
export function settle(tank: Tank, game: Game, guests: Guests): void {
  const { table } = game;
  let fromPlants = 0;
  let moved = 0;
  for (let seat = 0; seat < table.seats; seat++) {
    const guest = guests.seated[seat];
    const row = guests.who[guest];
    const net = table.stack[seat] - table.bought[seat];
    moved += Math.max(0, net);
    if (guest < guests.fish) {
      payFish(tank, row, net, table.split[seat] !== 0);
    } else {
      payPlant(tank, row, net, table.split[seat] !== 0);
      fromPlants -= net;
    }
  }
  bookStakes(tank, moved, fromPlants);
  const winner = winnerOf(table);
  if (winner !== NOBODY) crown(tank, guests, table.seats, winner);
}

/** What went from plants to fish or back, and the rest among fish (or plants) themselves. */
function bookStakes(tank: Tank, moved: number, fromPlants: number): void {
  const { flows } = tank.scratch;
  const energy = Math.abs(fromPlants) / CHIPS_PER_ENERGY;
  if (fromPlants > 0) book(flows, CAUSE.poker_from_plants, energy);
  if (fromPlants < 0) book(flows, CAUSE.poker_to_plants, energy);
  book(flows, CAUSE.poker_stakes, moved / CHIPS_PER_ENERGY);
}

/** Chips that the house takes of a net gain. A pot that was split goes free. */
export function houseCut(net: number, size: number, split: boolean): number {
  if (net <= 0 || split) return 0;
  const rate = Math.min(CUT_MAX, Math.max(0, CUT_BASE + CUT_PER_SIZE * (size - CUT_SIZE)));
  return Math.floor(net * rate);
}

/** Gains beyond the capacity go to the bank; the house keeps what is beyond that. */
function payFish(tank: Tank, row: number, net: number, split: boolean): void {
  const { fish, scratch } = tank;
  const age = fish.age[row];
  const girth = fish.girth[row];
  const energy = fish.energy[row];
  fish.pokerGames[row] = fish.pokerGames[row] + 1;
  fish.pokerRestUntil[row] = age + REST_TICKS;
  if (net <= 0) {
    const lost = Math.min(energy, -net / CHIPS_PER_ENERGY);
    fish.energy[row] = energy - lost;
    fish.pokerNet[row] = fish.pokerNet[row] - lost;
    return;
  }
  const cut = houseCut(net, sizeAt(age, girth), split);
  const gain = (net - cut) / CHIPS_PER_ENERGY;
  const capacity = capacityAt(age, girth);
  const bank = fish.bank[row];
  const held = Math.min(gain, Math.max(0, capacity - energy));
  const banked = Math.min(gain - held, Math.max(0, BANK_CAPACITIES * capacity - bank));
  fish.energy[row] = energy + held;
  fish.bank[row] = bank + banked;
  fish.pokerNet[row] = fish.pokerNet[row] + held + banked;
  book(scratch.flows, CAUSE.house_cut, net / CHIPS_PER_ENERGY - held - banked);
}

function payPlant(tank: Tank, row: number, net: number, split: boolean): void {
  const { plants, scratch } = tank;
  const energy = plants.energy[row];
  const capacity = plantCapacity(plants.genes, row * PLANT_GENE_COUNT);
  plants.cooldown[row] = REST_TICKS;
  if (net <= 0) {
    plants.energy[row] = Math.max(0, energy + net / CHIPS_PER_ENERGY);
    return;
  }
  const cut = houseCut(net, plantSize(energy, capacity), split);
  const gain = (net - cut) / CHIPS_PER_ENERGY;
  const held = Math.min(gain, Math.max(0, capacity - energy));
  plants.energy[row] = energy + held;
  book(scratch.flows, CAUSE.plant_house_cut, cut / CHIPS_PER_ENERGY);
  book(scratch.flows, CAUSE.plant_surplus, gain - held);
}

/** The seat that gained most, or nobody where two gained the same. */
function winnerOf(table: Table): number {
  let winner = NOBODY;
  let most = 0;
  for (let seat = 0; seat < table.seats; seat++) {
    const net = table.stack[seat] - table.bought[seat];
    if (net === most) winner = NOBODY;
    if (net <= most) continue;
    most = net;
    winner = seat;
  }
  return winner;
}

/** Notes a fish's win, after which it may breed: alone if it has beaten plants only. */
function crown(tank: Tank, guests: Guests, seats: number, winner: number): void {
  const guest = guests.seated[winner];
  if (guest >= guests.fish) return;
  const { fish } = tank;
  const row = guests.who[guest];
  fish.pokerWins[row] = fish.pokerWins[row] + 1;
  const body = fish.body[row];
  const age = fish.age[row];
  remember(tank.bodies, body, MEMORY.table, fish.x[row], fish.y[row], age);
  let fishSeats = 0;
  for (let seat = 0; seat < seats; seat++) {
    if (guests.seated[seat] < guests.fish) fishSeats += 1;
  }
  bearAfterPoker(tank, row, fishSeats === 1);
}
