import { INFORMATION_SETS, POKER_ACTIONS } from "../model.ts";
import { owedBy, raiseTo } from "./strategy.ts";
import { FOLD, SEATS_MAX, type Table } from "./table.ts";

/**
 * What a player learns from its hands: a table of regrets over situations, after Hart & Mas-Colell
 * 2000 (regret matching; Econometrica 68) and, with hindsight in place of the tree, Zinkevich et
 * al. 2007 (counterfactual regret minimisation). A situation (information set) is hand strength (5)
 * × pot against stack (5) × position (2); an action is fold, call, a small or a big raise. Regrets
 * are in big blinds. `body` is the player's row in the table of bodies.
 */
const ACTIONS = POKER_ACTIONS;
const LEVELS = 5;
const DEPTHS = 5;

const ACTION = { fold: 0, call: 1, raiseSmall: 2, raiseBig: 3 } as const;
/** Shares of the pot that the two raises mean, and between them the border for those played. */
const SMALL_SHARE = 0.4;
const BIG_SHARE = 1;
const SHARE_BORDER = 0.6;
const POT_BORDERS = Float64Array.of(0.1, 0.25, 0.5, 1);
/** Bound of a regret in big blinds: what is beyond doubt may still be unlearned. Ours. */
const REGRET_MAX = 1_000;
const VISITS_MAX = 1_000_000;
/** Visits from which a learning rate of 1 trusts its experience more than its genes. Ours. */
const TRUSTED_VISITS = 4;
/** Lamarckian inheritance (TW): a child begins with this share of what its parents know well. */
const INHERITED_SHARE = 0.8;
const INHERITED_VISITS = 3;
/** Decisions of one seat in one hand that are learned from; later ones are too rare to matter. */
const DECISIONS_MAX = 12;

/** The decisions of the hand that is being played, by seat. */
export interface Decisions {
  readonly count: Uint8Array;
  readonly situation: Uint8Array;
  readonly action: Uint8Array;
  /** Chips behind, in the pot, owed, and raised by, at the decision. */
  readonly stack: Int32Array;
  readonly pot: Int32Array;
  readonly owed: Int32Array;
}

export function makeDecisions(): Decisions {
  const cells = SEATS_MAX * DECISIONS_MAX;
  return {
    count: new Uint8Array(SEATS_MAX),
    situation: new Uint8Array(cells),
    action: new Uint8Array(cells),
    stack: new Int32Array(cells),
    pot: new Int32Array(cells),
    owed: new Int32Array(cells),
  };
}

export function situationOf(
  table: Table,
  seat: number,
  strength: number,
  inPosition: boolean,
): number {
  const level = Math.min(LEVELS - 1, Math.floor(strength * LEVELS));
  const ratio = table.pot / (table.stack[seat] + 1);
  let depth = 0;
  while (depth < DEPTHS - 1 && ratio >= POT_BORDERS[depth]) depth++;
  return (level * DEPTHS + depth) * 2 + (inPosition ? 1 : 0);
}

/**
 * Regret matching: an action with the probability of its share in the positive regrets. −1 while
 * the situation is too new for this learning rate or nothing is regretted. `luck` is a draw in [0,
 * 1).
 */
export function learnedAction(
  regrets: Float32Array,
  visits: Uint32Array,
  body: number,
  situation: number,
  rate: number,
  luck: number,
): number {
  const set = body * INFORMATION_SETS + situation;
  if (visits[set] * rate < TRUSTED_VISITS) return -1;
  const first = set * ACTIONS;
  let sum = 0;
  for (let action = 0; action < ACTIONS; action++) {
    sum += Math.max(0, regrets[first + action]);
  }
  let left = luck * sum;
  for (let action = 0; action < ACTIONS; action++) {
    left -= Math.max(0, regrets[first + action]);
    if (left < 0) return action;
  }
  return -1;
}

/**
 * The wish that a learned action means. `budget` bounds raises: to call is what experience says.
 */
export function wishOf(table: Table, seat: number, action: number, budget: number): number {
  if (action === ACTION.fold) return FOLD;
  if (action === ACTION.call || owedBy(table, seat) > budget) return table.toMatch;
  const share = action === ACTION.raiseSmall ? SMALL_SHARE : BIG_SHARE;
  return raiseTo(table, seat, table.pot * share, budget);
}

/** Writes down a decision as it is taken, with what the seat wished. */
export function noteDecision(
  noted: Decisions,
  table: Table,
  seat: number,
  situation: number,
  wish: number,
): void {
  const count = noted.count[seat];
  if (count === DECISIONS_MAX) return;
  const cell = seat * DECISIONS_MAX + count;
  noted.count[seat] = count + 1;
  noted.situation[cell] = situation;
  noted.action[cell] = actionOf(table, seat, wish);
  noted.stack[cell] = table.stack[seat];
  noted.pot[cell] = table.pot;
  noted.owed[cell] = owedBy(table, seat);
}

function actionOf(table: Table, seat: number, wish: number): number {
  if (wish === FOLD && owedBy(table, seat) > 0) return ACTION.fold;
  if (wish <= table.toMatch) return ACTION.call;
  return wish - table.toMatch <= table.pot * SHARE_BORDER ? ACTION.raiseSmall : ACTION.raiseBig;
}

/**
 * Learns from the hand that has just been played. What an action was worth is its real outcome for
 * the action that was taken, and for the others what they would have brought had the others played
 * on and all cards been shown: the pot, or the loss of what they cost. Regret is the difference to
 * what the seat's mixture of actions was worth.
 */
export function learnFromHand(
  noted: Decisions,
  table: Table,
  seat: number,
  rate: number,
  regrets: Float32Array,
  visits: Uint32Array,
  body: number,
): void {
  const count = noted.count[seat];
  if (count === 0) return;
  const standing = standingOf(table, seat);
  const unit = rate / Math.max(1, table.bigBlind);
  for (let index = 0; index < count; index++) {
    const cell = seat * DECISIONS_MAX + index;
    const set = body * INFORMATION_SETS + noted.situation[cell];
    valueActions(noted, cell, standing, table.stack[seat]);
    addRegrets(regrets, set * ACTIONS, unit);
    visits[set] = Math.min(VISITS_MAX, visits[set] + 1);
  }
}

/** 1 where the seat's cards beat those of all others who stayed, 0 where they tie, −1 else. */
function standingOf(table: Table, seat: number): number {
  const own = table.score[seat];
  let best = 0;
  for (let other = 0; other < table.seats; other++) {
    if (other === seat || table.folded[other] !== 0) continue;
    best = Math.max(best, table.score[other]);
  }
  return own > best ? 1 : own === best ? 0 : -1;
}

/** Worth in chips of each action in the decision that is being looked at. Work space. */
const WORTH = new Float64Array(ACTIONS);

function valueActions(noted: Decisions, cell: number, standing: number, end: number): void {
  const pot = noted.pot[cell];
  const owed = noted.owed[cell];
  const stack = noted.stack[cell];
  const small = Math.min(stack, owed + pot * SMALL_SHARE);
  const big = Math.min(stack, owed + pot * BIG_SHARE);
  WORTH[ACTION.fold] = 0;
  WORTH[ACTION.call] = worthOf(standing, pot, Math.min(stack, owed), 0);
  WORTH[ACTION.raiseSmall] = worthOf(standing, pot, small, Math.max(0, small - owed));
  WORTH[ACTION.raiseBig] = worthOf(standing, pot, big, Math.max(0, big - owed));
  WORTH[noted.action[cell]] = end - stack;
}

/** Gain of paying `cost` into a pot, `called` of which one opponent matches. */
function worthOf(standing: number, pot: number, cost: number, called: number): number {
  if (standing > 0) return pot + called;
  return standing < 0 ? -cost : (pot + called - cost) / 2;
}

function addRegrets(regrets: Float32Array, first: number, unit: number): void {
  const mean = meanWorth(regrets, first);
  for (let action = 0; action < ACTIONS; action++) {
    const step = (WORTH[action] - mean) * unit;
    const regret = regrets[first + action] + step;
    regrets[first + action] = Math.min(REGRET_MAX, Math.max(-REGRET_MAX, regret));
  }
}

/**
 * What the mixture that the regrets stand for was worth: all actions alike while none is regretted.
 */
function meanWorth(regrets: Float32Array, first: number): number {
  let sum = 0;
  let weighted = 0;
  let plain = 0;
  for (let action = 0; action < ACTIONS; action++) {
    const weight = Math.max(0, regrets[first + action]);
    const worth = WORTH[action];
    sum += weight;
    weighted += weight * worth;
    plain += worth;
  }
  return sum > 0 ? weighted / sum : plain / ACTIONS;
}

/**
 * Adds to a newborn's empty experience what it inherits of its parents'; with one parent both are
 * the same. A situation that only one knows well comes from that one, one that nobody does is
 * unknown.
 */
export function inheritLearning(
  regrets: Float32Array,
  visits: Uint32Array,
  mother: number,
  father: number,
  child: number,
): void {
  for (let situation = 0; situation < INFORMATION_SETS; situation++) {
    const one = mother * INFORMATION_SETS + situation;
    const other = father * INFORMATION_SETS + situation;
    const knowsOne = visits[one] >= INHERITED_VISITS;
    const knowsOther = visits[other] >= INHERITED_VISITS;
    if (!knowsOne && !knowsOther) continue;
    const first = knowsOne ? one : other;
    const second = knowsOther ? other : one;
    const set = child * INFORMATION_SETS + situation;
    const share = INHERITED_SHARE / 2;
    visits[set] = Math.floor((visits[first] + visits[second]) * share);
    for (let action = 0; action < ACTIONS; action++) {
      const both = regrets[first * ACTIONS + action] + regrets[second * ACTIONS + action];
      regrets[set * ACTIONS + action] = both * share;
    }
  }
}
