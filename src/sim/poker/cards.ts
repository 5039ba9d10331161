import { nextInteger, type Stream } from "../state/rng.ts";

/**
 * A card is 4 × rank + suit: ranks 0 (deuce) to 12 (ace), suits 0 to 3. A hand as the evaluator
 * sees it is four 13-bit sets of ranks, one per suit.
 */
export const CARDS = 52;
export const RANKS = 13;
export const ACE = 12;

const FRESH = Uint8Array.from({ length: CARDS }, (_, card) => card);

export function rankOf(card: number): number {
  return card >> 2;
}

export function suitOf(card: number): number {
  return card & 3;
}

/**
 * Draws the first `count` cards of a fresh deck at random without repetition (Fisher–Yates; Knuth,
 * TAOCP 2, algorithm P) into its front. Every hand begins with a fresh deck: nothing of the last
 * one may live on outside of the tank's state.
 */
export function shuffleDeck(
  deck: Uint8Array,
  count: number,
  streams: Uint32Array,
  from: Stream,
): void {
  deck.set(FRESH);
  for (let at = 0; at < count; at++) {
    const other = at + nextInteger(streams, from, CARDS - at);
    const card = deck[other];
    deck[other] = deck[at];
    deck[at] = card;
  }
}
