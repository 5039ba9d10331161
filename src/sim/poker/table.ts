import type { Stream } from "../state/rng.ts";
import { playRound, postForcedBets } from "./betting.ts";
import { CARDS, shuffleDeck } from "./cards.ts";
import { payPots } from "./pots.ts";
import { scoreSeats } from "./showdown.ts";

/** Seats at the largest table (TW core/mixed_poker). */
export const SEATS_MAX = 6;
/** Board cards that lie open in each of the four rounds. */
const OPEN_CARDS = Uint8Array.of(0, 3, 4, 5);
export const STREET = { preflop: 0, flop: 1, turn: 2, river: 3 } as const;
const BOARD_CARDS = 5;

/**
 * What a seat does when it is asked: a total bet of the round to which it would like to go, or
 * this.
 */
export const FOLD = -1;

/**
 * Asked for one action of one seat. The answer is a wish: {@link FOLD}, or the total that the seat
 * would like to have bet in this round. betting.ts turns any answer into a legal action.
 */
export type Decide = (table: Table, seat: number) => number;

/**
 * One hand of no-limit Texas Hold'em. Chips are thousandths of an energy unit, whole numbers, so
 * that they are conserved exactly. Seats are 0 … seats − 1, clockwise. It is work space: filled for
 * each hand anew, never part of a tank's state.
 */
export interface Table {
  seats: number;
  button: number;
  ante: number;
  smallBlind: number;
  bigBlind: number;
  /** See {@link STREET}. */
  street: number;
  /** All chips that were paid in this hand. */
  pot: number;
  /** The bet of this round that everybody has to match. */
  toMatch: number;
  /** Smallest step by which it may be raised. */
  minRaise: number;
  /** Seat that raised last in this hand, or −1. */
  aggressor: number;
  /** Seats that have not folded. */
  contenders: number;
  /** Chips before the hand, and behind now. */
  readonly bought: Int32Array;
  readonly stack: Int32Array;
  /** Chips paid in this round, and in this hand. */
  readonly bet: Int32Array;
  readonly paid: Int32Array;
  readonly folded: Uint8Array;
  /** Not 0: has acted since the last full raise. */
  readonly acted: Uint8Array;
  /** Chips won from pots. */
  readonly won: Int32Array;
  /** Not 0: got a part of a pot that was split. */
  readonly split: Uint8Array;
  /** Two hole cards for each seat in turn, then the board. */
  readonly deck: Uint8Array;
  /** Final score of each seat: see evaluator.ts. */
  readonly score: Int32Array;
}

export function makeTable(): Table {
  return {
    seats: 0,
    button: 0,
    ante: 0,
    smallBlind: 0,
    bigBlind: 0,
    street: 0,
    pot: 0,
    toMatch: 0,
    minRaise: 0,
    aggressor: -1,
    contenders: 0,
    bought: new Int32Array(SEATS_MAX),
    stack: new Int32Array(SEATS_MAX),
    bet: new Int32Array(SEATS_MAX),
    paid: new Int32Array(SEATS_MAX),
    folded: new Uint8Array(SEATS_MAX),
    acted: new Uint8Array(SEATS_MAX),
    won: new Int32Array(SEATS_MAX),
    split: new Uint8Array(SEATS_MAX),
    deck: new Uint8Array(CARDS),
    score: new Int32Array(SEATS_MAX),
  };
}

/** Shuffles and deals: the cards of the hand are fixed from here on. */
export function deal(table: Table, streams: Uint32Array, from: Stream): void {
  shuffleDeck(table.deck, 2 * table.seats + BOARD_CARDS, streams, from);
}

/**
 * Plays the hand that has been dealt between 2 to {@link SEATS_MAX} seats with `bought` chips each,
 * at the table's button and stakes. Afterwards `stack` holds what each seat has; the sum is that of
 * `bought`.
 */
export function playHand(table: Table, decide: Decide): void {
  beginHand(table);
  postForcedBets(table);
  for (let street = 0; street <= STREET.river && table.contenders > 1; street++) {
    table.street = street;
    playRound(table, firstToAct(table), decide);
  }
  // Also after a walk-over: what one learns from a hand depends on how it would have ended.
  scoreSeats(table);
  payPots(table);
}

/** Index into `deck` of the seat's first hole card. */
export function holeOf(seat: number): number {
  return 2 * seat;
}

/** Index into `deck` of the first board card, and past the last that lies open now. */
export function boardOf(table: Table): number {
  return 2 * table.seats;
}

export function boardEnd(table: Table): number {
  return 2 * table.seats + OPEN_CARDS[table.street];
}

/** Whether nobody who is still in acts after this seat on the later streets. */
export function isInPosition(table: Table, seat: number): boolean {
  const { seats, button, folded } = table;
  for (let next = seat; next !== button; ) {
    next = next + 1 === seats ? 0 : next + 1;
    if (folded[next] === 0) return false;
  }
  return true;
}

function beginHand(table: Table): void {
  const { seats } = table;
  table.street = STREET.preflop;
  table.pot = 0;
  table.toMatch = 0;
  table.minRaise = table.bigBlind;
  table.aggressor = -1;
  table.contenders = seats;
  for (let seat = 0; seat < seats; seat++) {
    table.stack[seat] = table.bought[seat];
    table.bet[seat] = 0;
    table.paid[seat] = 0;
    table.folded[seat] = 0;
    table.acted[seat] = 0;
    table.won[seat] = 0;
    table.split[seat] = 0;
  }
}

/**
 * Left of the big blind before the flop, left of the button afterwards; heads-up the button is
 * first.
 */
function firstToAct(table: Table): number {
  const { seats, button, street } = table;
  if (street !== STREET.preflop) return (button + 1) % seats;
  return seats === 2 ? button : (button + 3) % seats;
}
