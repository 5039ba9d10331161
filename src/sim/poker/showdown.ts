import { scoreSuits } from "./evaluator.ts";
import { boardOf, holeOf, type Table } from "./table.ts";

/** Scores every seat's hole cards with the whole board, also those of the folded. */
export function scoreSeats(table: Table): void {
  const from = boardOf(table);
  for (let seat = 0; seat < table.seats; seat++) {
    table.score[seat] = scoreWithBoard(table.deck, holeOf(seat), from, from + 5);
  }
}

/** The score of two hole cards from `hole` on with the board cards [from, to), at least three. */
export function scoreWithBoard(deck: Uint8Array, hole: number, from: number, to: number): number {
  const first = deck[hole];
  const second = deck[hole + 1];
  const suits = SETS;
  suits[0] = 0;
  suits[1] = 0;
  suits[2] = 0;
  suits[3] = 0;
  suits[first & 3] = 1 << (first >> 2);
  suits[second & 3] = suits[second & 3] | (1 << (second >> 2));
  for (let at = from; at < to; at++) {
    const card = deck[at];
    suits[card & 3] = suits[card & 3] | (1 << (card >> 2));
  }
  return scoreSuits(suits[0], suits[1], suits[2], suits[3]);
}

/** Work space. */
const SETS = new Int32Array(4);
