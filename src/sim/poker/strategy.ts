import { POKER_GENE } from "../heredity/genes.ts";
import { FOLD, isInPosition, STREET, type Table } from "./table.ts";

/**
 * How a strategy genome plays: hand selection × betting style × bluffing × position × showdown and
 * fifteen reals. Everything is measured in hand strength, [0, 1], and shares of the pot.
 */

/** Genes of a strategy, which lie together in a genome: see genes.ts. */
export const STRATEGY_GENES = POKER_GENE.learningRate - POKER_GENE.handSelection + 1;

const FIRST = POKER_GENE.handSelection;
const SHOWDOWN = POKER_GENE.showdown - FIRST;
const STYLE = POKER_GENE.bettingStyle - FIRST;
const BLUFFING = POKER_GENE.bluffing - FIRST;
const POSITION = POKER_GENE.position - FIRST;
const PREFLOP_CALL = POKER_GENE.preflopCall - FIRST;
const PREFLOP_RAISE = POKER_GENE.preflopRaise - FIRST;
const POSTFLOP_CALL = POKER_GENE.postflopCall - FIRST;
const POSTFLOP_RAISE = POKER_GENE.postflopRaise - FIRST;
const SHOWDOWN_CALL = POKER_GENE.showdownCall - FIRST;
const ALL_IN = POKER_GENE.allIn - FIRST;
const RAISE_SIZE = POKER_GENE.raiseSize - FIRST;
const BLUFF_CHANCE = POKER_GENE.bluffChance - FIRST;
const SEMI_BLUFF_CHANCE = POKER_GENE.semiBluffChance - FIRST;
const SLOW_PLAY_CHANCE = POKER_GENE.slowPlayChance - FIRST;
const POSITION_BONUS = POKER_GENE.positionBonus - FIRST;
const POT_ODDS = POKER_GENE.potOdds - FIRST;
const RISK = POKER_GENE.riskTolerance - FIRST;
const CROWD = POKER_GENE.crowdCaution - FIRST;

/** hand_selection: ultra-tight, tight, balanced, loose. Added to the thresholds before the flop. */
const SELECTION_SHIFT = Float64Array.of(0.25, 0.1, 0, -0.1);
/** betting_style. */
const SMALL_BALL = 0;
const VALUE_HEAVY = 1;
const POLARISED = 2;
/** bluffing_approach: never, occasional, balanced, aggressive. Multiplies the chances to bluff. */
const BLUFF_FACTOR = Float64Array.of(0, 0.5, 1, 1.5);
/**
 * position_awareness: ignores, slight, heavy. Multiplies the bonus; out of position half is taken.
 */
const POSITION_FACTOR = Float64Array.of(0, 0.5, 1);
const OUT_OF_POSITION = -0.5;
/** showdown_tendency: folds easily, calls down, raises or folds. Added to the river's threshold. */
const SHOWDOWN_SHIFT = Float64Array.of(0.1, -0.1, 0);
const RAISE_OR_FOLD = 2;

/**
 * The wish of a seat whose genes begin at cell `at`; `luck` and `bluffLuck` are draws in [0, 1).
 */
export function strategyWish(
  table: Table,
  seat: number,
  strength: number,
  genes: Float32Array,
  at: number,
  luck: number,
  bluffLuck: number,
): number {
  const valued = perceive(table, seat, strength, genes, at);
  const owed = owedBy(table, seat);
  const sure = valued >= genes[at + ALL_IN];
  const budget = budgetOf(table, seat, genes, at, sure);
  if (owed > budget) return FOLD;
  const calls = valued >= callThreshold(table, owed, genes, at);
  const strong = valued >= raiseThreshold(table, genes, at);
  if (strong && table.street < STREET.river && luck < genes[at + SLOW_PLAY_CHANCE]) {
    return table.toMatch;
  }
  if (strong || bluffs(table, calls, genes, at, bluffLuck)) {
    return raiseTo(table, seat, raiseChips(table, seat, valued, sure, genes, at), budget);
  }
  if (!calls) return FOLD;
  if (owed > 0 && genes[at + SHOWDOWN] === RAISE_OR_FOLD && table.street === STREET.river) {
    return raiseTo(table, seat, 0, budget);
  }
  return table.toMatch;
}

/** Chips that a call costs the seat: at most its stack. */
export function owedBy(table: Table, seat: number): number {
  const owed = table.toMatch - table.bet[seat];
  return Math.min(owed, table.stack[seat]);
}

/**
 * The total bet that raises by `chips`, at least by the smallest legal step and at most by what
 * `budget` allows; a call where that is not enough for a raise.
 */
export function raiseTo(table: Table, seat: number, chips: number, budget: number): number {
  const total = table.toMatch + Math.max(table.minRaise, Math.floor(chips));
  const most = table.bet[seat] + budget;
  const wanted = Math.min(total, most);
  return wanted < table.toMatch + table.minRaise && budget < table.stack[seat]
    ? table.toMatch
    : wanted;
}

/** Chips that the seat would still put in: everything when it is sure, else its share of risk. */
export function budgetOf(
  table: Table,
  seat: number,
  genes: Float32Array,
  at: number,
  sure: boolean,
): number {
  const stack = table.stack[seat];
  if (sure) return stack;
  const risk = Math.floor(table.bought[seat] * genes[at + RISK]);
  return Math.min(stack, Math.max(0, risk - table.paid[seat]));
}

/** Hand strength as this seat sees it: better in position, worse against many. */
function perceive(
  table: Table,
  seat: number,
  strength: number,
  genes: Float32Array,
  at: number,
): number {
  const aware = POSITION_FACTOR[genes[at + POSITION]];
  const side = aware === 0 ? 0 : isInPosition(table, seat) ? 1 : OUT_OF_POSITION;
  const bonus = side * aware * genes[at + POSITION_BONUS];
  return strength + bonus - (table.contenders - 2) * genes[at + CROWD];
}

/** Between the fixed threshold of the street and the pot odds, by the weight of the latter. */
function callThreshold(table: Table, owed: number, genes: Float32Array, at: number): number {
  if (owed <= 0) return 0;
  const fixed = streetThreshold(table.street, genes, at);
  const odds = owed / (table.pot + owed);
  const weight = genes[at + POT_ODDS];
  return fixed + weight * (odds - fixed);
}

function streetThreshold(street: number, genes: Float32Array, at: number): number {
  if (street === STREET.preflop) {
    return genes[at + PREFLOP_CALL] + SELECTION_SHIFT[genes[at]];
  }
  if (street < STREET.river) return genes[at + POSTFLOP_CALL];
  const tendency = SHOWDOWN_SHIFT[genes[at + SHOWDOWN]];
  return genes[at + SHOWDOWN_CALL] + tendency;
}

function raiseThreshold(table: Table, genes: Float32Array, at: number): number {
  if (table.street !== STREET.preflop) return genes[at + POSTFLOP_RAISE];
  return genes[at + PREFLOP_RAISE] + SELECTION_SHIFT[genes[at]];
}

/** With nothing it may bluff; with something, while cards are to come, it may semi-bluff. */
function bluffs(
  table: Table,
  calls: boolean,
  genes: Float32Array,
  at: number,
  luck: number,
): boolean {
  const drawing = calls && table.street < STREET.river;
  const chance = genes[at + (drawing ? SEMI_BLUFF_CHANCE : BLUFF_CHANCE)];
  return luck < chance * BLUFF_FACTOR[genes[at + BLUFFING]];
}

/** Size of a raise in chips: by the betting style a share of the pot. */
function raiseChips(
  table: Table,
  seat: number,
  valued: number,
  sure: boolean,
  genes: Float32Array,
  at: number,
): number {
  const { pot, street } = table;
  const style = genes[at + STYLE];
  const share = genes[at + RAISE_SIZE];
  if (style === SMALL_BALL) return pot * share * 0.5;
  if (style === VALUE_HEAVY) return pot * share * (0.5 + valued);
  if (style === POLARISED) return sure || valued < 0.2 ? pot * share * 1.5 : pot * share * 0.33;
  // Pot-geometric: equal steps by which the stack would be in on the river.
  const stack = table.stack[seat];
  return Math.min(pot * share, stack / (STREET.river - street + 1));
}
