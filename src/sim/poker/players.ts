import { GENE_CELLS, POKER_GENE } from "../heredity/genes.ts";
import { POKER_ACTIONS } from "../model.ts";
import { nextUnit, STREAM } from "../state/rng.ts";
import { BASELINE_GENES, BASELINE_RULES, baselineAt, RULE } from "./baselines.ts";
import {
  type Decisions,
  learnedAction,
  learnFromHand,
  makeDecisions,
  noteDecision,
  situationOf,
  wishOf,
} from "./learning.ts";
import { budgetOf, STRATEGY_GENES, strategyWish } from "./strategy.ts";
import { strengthOf } from "./strength.ts";
import {
  type Decide,
  deal,
  FOLD,
  isInPosition,
  makeTable,
  playHand,
  SEATS_MAX,
  type Table,
} from "./table.ts";

/** Body of a player that does not learn. */
const NO_BODY = -1;
const LEARNING_RATE = POKER_GENE.learningRate - POKER_GENE.handSelection;
/** What the adaptive baseline takes from its hand's strength when somebody else raised, or adds. */
const ADAPTED = 0.1;

/** A table and the minds at it. Work space, filled for each hand anew. */
export interface Game {
  readonly table: Table;
  /** How each seat decides: see baselines.ts. */
  readonly rule: Uint8Array;
  /** The strategy genes of each seat. */
  readonly genes: Float32Array;
  /** Row of each seat's experience in the two tables below, or −1. */
  readonly body: Int32Array;
  /** Experience of the whole tank: see learning.ts. */
  regrets: Float32Array;
  visits: Uint32Array;
  streams: Uint32Array;
  readonly decisions: Decisions;
  readonly decide: Decide;
}

export function makeGame(): Game {
  const game: Game = {
    table: makeTable(),
    rule: new Uint8Array(SEATS_MAX),
    genes: new Float32Array(SEATS_MAX * STRATEGY_GENES),
    body: new Int32Array(SEATS_MAX),
    regrets: new Float32Array(0),
    visits: new Uint32Array(0),
    streams: new Uint32Array(0),
    decisions: makeDecisions(),
    decide: (table, seat) => decideFor(game, table, seat),
  };
  return game;
}

/** Seats a fish by its body: its genome and what it has learned. */
export function seatFish(game: Game, seat: number, genes: Float32Array, body: number): void {
  game.rule[seat] = RULE.strategy;
  copyGenes(genes, body * GENE_CELLS + POKER_GENE.handSelection, game.genes, seat);
  game.body[seat] = body;
}

/** Seats a player with one of the fixed strategies. */
export function seatBaseline(game: Game, seat: number, baseline: number): void {
  game.rule[seat] = BASELINE_RULES[baseline];
  copyGenes(BASELINE_GENES, baselineAt(baseline), game.genes, seat);
  game.body[seat] = NO_BODY;
}

/** Deals and plays a hand among those who are seated; who can learn learns from it. */
export function playGame(game: Game): void {
  const { table, decisions, regrets, visits } = game;
  decisions.count.fill(0);
  deal(table, game.streams, STREAM.poker);
  playHand(table, game.decide);
  for (let seat = 0; seat < table.seats; seat++) {
    const body = game.body[seat];
    if (body === NO_BODY) continue;
    const rate = game.genes[seat * STRATEGY_GENES + LEARNING_RATE];
    learnFromHand(decisions, table, seat, rate, regrets, visits, body);
  }
}

function copyGenes(from: Float32Array, at: number, to: Float32Array, seat: number): void {
  const first = seat * STRATEGY_GENES;
  for (let gene = 0; gene < STRATEGY_GENES; gene++) to[first + gene] = from[at + gene];
}

function decideFor(game: Game, table: Table, seat: number): number {
  const rule = game.rule[seat];
  if (rule === RULE.fold) return FOLD;
  if (rule === RULE.random) {
    const action = Math.floor(drawUnit(game) * POKER_ACTIONS);
    return wishOf(table, seat, action, table.stack[seat]);
  }
  const strength = strengthOf(table, seat);
  if (rule === RULE.adaptive) return genomeWish(game, seat, strength + adaptation(table, seat));
  if (game.body[seat] === NO_BODY) return genomeWish(game, seat, strength);
  return learnerWish(game, seat, strength);
}

/** Experience decides where there is enough of it, else the genome; the decision is noted. */
function learnerWish(game: Game, seat: number, strength: number): number {
  const { table, genes } = game;
  const first = seat * STRATEGY_GENES;
  const situation = situationOf(table, seat, strength, isInPosition(table, seat));
  const rate = genes[first + LEARNING_RATE];
  const body = game.body[seat];
  const { regrets, visits } = game;
  const action = learnedAction(regrets, visits, body, situation, rate, drawUnit(game));
  const wish =
    action < 0
      ? genomeWish(game, seat, strength)
      : wishOf(table, seat, action, budgetOf(table, seat, genes, first, false));
  noteDecision(game.decisions, table, seat, situation, wish);
  return wish;
}

function genomeWish(game: Game, seat: number, strength: number): number {
  const first = seat * STRATEGY_GENES;
  const luck = drawUnit(game);
  return strategyWish(game.table, seat, strength, game.genes, first, luck, drawUnit(game));
}

function adaptation(table: Table, seat: number): number {
  return table.aggressor >= 0 && table.aggressor !== seat ? -ADAPTED : ADAPTED;
}

function drawUnit(game: Game): number {
  return nextUnit(game.streams, STREAM.poker);
}
