import { ACE, RANKS } from "./cards.ts";
import { CATEGORY, categoryOf, leadingRankOf } from "./evaluator.ts";
import { scoreWithBoard } from "./showdown.ts";
import { boardEnd, boardOf, holeOf, STREET, type Table } from "./table.ts";

/**
 * Chance in thousandths that two cards win against two random ones, all five board cards to come;
 * half of the ties counted. Rows: the first card's rank from the deuce up; columns: the second's.
 * Below the diagonal (first above second) both have one suit, above it they have two. From 400,000
 * deals each with our own evaluator, standard error below 1; a test draws it again.
 */
const EQUITY = Uint16Array.of(
  ...[504, 323, 333, 343, 341, 345, 369, 390, 417, 444, 473, 506, 551],
  ...[359, 535, 352, 363, 360, 365, 374, 401, 426, 453, 483, 514, 558],
  ...[370, 386, 570, 382, 380, 385, 394, 407, 435, 461, 491, 524, 567],
  ...[378, 397, 415, 604, 399, 405, 414, 427, 443, 472, 502, 533, 577],
  ...[377, 394, 413, 430, 635, 423, 433, 443, 460, 480, 510, 542, 576],
  ...[383, 401, 418, 437, 453, 662, 451, 463, 480, 497, 517, 552, 589],
  ...[403, 408, 427, 446, 462, 480, 691, 481, 497, 514, 535, 560, 599],
  ...[425, 433, 440, 458, 473, 492, 508, 721, 516, 533, 554, 579, 609],
  ...[450, 457, 464, 473, 488, 507, 524, 540, 749, 552, 573, 596, 629],
  ...[474, 482, 491, 501, 506, 524, 540, 556, 576, 775, 582, 606, 635],
  ...[501, 510, 519, 528, 536, 542, 560, 576, 595, 603, 800, 615, 644],
  ...[530, 541, 549, 559, 566, 574, 582, 600, 618, 625, 634, 824, 654],
  ...[573, 583, 590, 599, 598, 609, 621, 627, 645, 653, 662, 668, 851],
);
const WORST = 323;
const BEST = 851;

/** Where the strength of each category begins and ends (TW core/poker/evaluation/strength.py). */
const FLOOR = Float64Array.of(0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1);

/** Strength of a seat's cards as they lie now, [0, 1]. */
export function strengthOf(table: Table, seat: number): number {
  const hole = holeOf(seat);
  const { deck } = table;
  if (table.street === STREET.preflop) {
    return startingStrength(deck[hole], deck[hole + 1]);
  }
  return madeStrength(scoreWithBoard(deck, hole, boardOf(table), boardEnd(table)));
}

/** Chance to win with two cards against two random ones, in thousandths. */
export function startingEquity(first: number, second: number): number {
  const high = Math.max(first >> 2, second >> 2);
  const low = Math.min(first >> 2, second >> 2);
  const suited = (first & 3) === (second & 3);
  return EQUITY[suited ? high * RANKS + low : low * RANKS + high];
}

/** Strength before the flop: two aces are 1, three and deuce of two suits are 0. */
export function startingStrength(first: number, second: number): number {
  return (startingEquity(first, second) - WORST) / (BEST - WORST);
}

/** Strength of a made hand: by category, within it by the leading rank. */
export function madeStrength(score: number): number {
  const category = categoryOf(score);
  const floor = FLOOR[category];
  const width = FLOOR[category + 1] - floor;
  if (category === CATEGORY.straightFlush && leadingRankOf(score) === ACE) return 1;
  return floor + (width * leadingRankOf(score)) / RANKS;
}
