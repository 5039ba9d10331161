import { makeTable, type Table } from "../../../src/sim/poker/table.ts";
import { STREAM_WORDS, seedStreams } from "../../../src/sim/state/rng.ts";

export const RANKS = "23456789TJQKA";
const SUITS = "cdhs";

export function cardOf(text: string): number {
  return 4 * RANKS.indexOf(text.charAt(0)) + SUITS.indexOf(text.charAt(1));
}

export function textOf(card: number): string {
  return RANKS.charAt(card >> 2) + SUITS.charAt(card & 3);
}

export function streamsOf(seed: number): Uint32Array {
  const streams = new Uint32Array(STREAM_WORDS);
  seedStreams(streams, seed);
  return streams;
}

/** A table with these chips, no ante, blinds 5 and 10, the button at the last seat. */
export function tableOf(chips: readonly number[], stakes: Partial<Table> = {}): Table {
  const table = makeTable();
  Object.assign(table, { ante: 0, smallBlind: 5, bigBlind: 10, button: chips.length - 1 }, stakes);
  table.seats = chips.length;
  table.bought.set(chips);
  return table;
}

/** Puts hole cards and board ("Ah Ad", …) in place of the shuffled ones. */
export function stackDeck(table: Table, holes: readonly string[], board: string): void {
  table.deck.set([...holes, board].join(" ").split(" ").map(cardOf));
}

export function sumOf(chips: Int32Array, seats: number): number {
  return chips.subarray(0, seats).reduce((sum, chip) => sum + chip, 0);
}
