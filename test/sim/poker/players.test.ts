import { expect, test } from "bun:test";
import fc from "fast-check";
import { PLANT_STRATEGIES } from "../../../src/sim/habitat/habitat-model.ts";
import { GENE_CELLS, POKER_GENE } from "../../../src/sim/heredity/genes.ts";
import { INFORMATION_SETS } from "../../../src/sim/model.ts";
import { BASELINES } from "../../../src/sim/poker/baselines.ts";
import { playGame, seatBaseline, seatFish } from "../../../src/sim/poker/players.ts";
import { STRATEGY_GENES } from "../../../src/sim/poker/strategy.ts";
import { type School, schoolOf, stake } from "./games.ts";
import { streamsOf, sumOf } from "./hands.ts";

const CHIPS = 80_000;

/** Big blinds per hand that fish win heads-up against a baseline in `hands` hands each. */
function winnings({ game, genes }: School, fish: number, baseline: number, hands: number): number {
  let net = 0;
  for (let body = 0; body < fish; body++) {
    for (let hand = 0; hand < hands; hand++) {
      seatFish(game, 0, genes, body);
      seatBaseline(game, 1, baseline);
      stake(game, [CHIPS, CHIPS], hand & 1);
      playGame(game);
      net += (game.table.stack[0] as number) - CHIPS;
    }
  }
  return net / (fish * hands * 8_000);
}

test("there is a baseline for each strategy that a plant can have, with all genes", () => {
  expect(BASELINES.length).toBe(PLANT_STRATEGIES);
  expect(new Set(BASELINES.map(({ name }) => name)).size).toBe(PLANT_STRATEGIES);
  for (const { genes } of BASELINES) expect(genes.length).toBe(STRATEGY_GENES);
});

test("fish and plants of every kind play any hand to its end, and no chip is lost", () => {
  const players = fc.record({
    chips: fc.integer({ min: 10_000, max: 400_000 }),
    fish: fc.boolean(),
    pick: fc.nat(1_000),
  });
  const hands = fc.record({
    seed: fc.nat(),
    button: fc.nat(5),
    players: fc.array(players, { minLength: 2, maxLength: 6 }),
  });
  const school = schoolOf(11, 40);
  const { game, genes } = school;
  fc.assert(
    fc.property(hands, ({ button, players: seated }) => {
      const chips = seated.map((player) => player.chips);
      for (const [seat, { fish, pick }] of seated.entries()) {
        if (fish) seatFish(game, seat, genes, pick % 40);
        else seatBaseline(game, seat, pick % BASELINES.length);
      }
      stake(game, chips, button % chips.length);
      playGame(game);
      expect(sumOf(game.table.stack, chips.length)).toBe(chips.reduce((sum, c) => sum + c, 0));
      expect(game.regrets.every((regret) => Math.abs(regret) <= 1_000)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

/** What a strategy with these choices has after each of some hands, always from the same draws. */
function stacksOf(school: School, body: number, choices: readonly number[]): string {
  const { game, genes } = school;
  const first = body * GENE_CELLS + POKER_GENE.handSelection;
  for (const [gene, choice] of choices.entries()) genes[first + gene] = choice;
  game.streams.set(streamsOf(99));
  const stacks: number[] = [];
  for (let hand = 0; hand < 60; hand++) {
    game.visits.fill(0);
    seatFish(game, 0, genes, body);
    seatBaseline(game, 1, 5);
    seatBaseline(game, 2, 6);
    stake(game, [CHIPS, CHIPS, CHIPS], hand % 3);
    playGame(game);
    stacks.push(game.table.stack[0] as number);
  }
  return stacks.join();
}

test("each of the five choices of a strategy changes how it plays, and none of 576 breaks", () => {
  const school = schoolOf(3, 8);
  const ways = [4, 4, 4, 3, 3];
  const differing = [0, 0, 0, 0, 0];
  for (let way = 0; way < 576; way++) {
    const body = way % 8;
    const choices = [way % 4, (way >> 2) % 4, (way >> 4) % 4, (way >> 6) % 3, (way / 192) | 0];
    const played = stacksOf(school, body, choices);
    for (const [gene, count] of ways.entries()) {
      const other = choices.with(gene, ((choices[gene] ?? 0) + 1) % count);
      const differs = stacksOf(school, body, other) !== played;
      differing[gene] = (differing[gene] ?? 0) + Number(differs);
    }
  }
  expect(Math.min(...differing)).toBeGreaterThan(100);
});

test("by its genes alone a fish risks no more than they say unless it is sure of its hand", () => {
  const { game, genes } = schoolOf(5, 1);
  genes[POKER_GENE.riskTolerance] = 0.3;
  genes[POKER_GENE.allIn] = 2;
  let most = 0;
  for (let hand = 0; hand < 2_000; hand++) {
    game.visits.fill(0);
    seatFish(game, 0, genes, 0);
    seatBaseline(game, 1, 7);
    stake(game, [CHIPS, CHIPS], hand & 1);
    playGame(game);
    most = Math.max(most, game.table.paid[0] as number);
  }
  expect(most).toBeLessThanOrEqual(0.3 * CHIPS);
  expect(most).toBeGreaterThan(0.2 * CHIPS);
});

test("experience pays against every kind of player", () => {
  for (const baseline of BASELINES.keys()) {
    const learned = schoolOf(21, 12);
    const plain = schoolOf(21, 12);
    const learningRate = POKER_GENE.learningRate;
    // Without a learning rate no situation is ever trusted.
    for (let body = 0; body < 12; body++) plain.genes[body * GENE_CELLS + learningRate] = 0;
    winnings(learned, 12, baseline, 1_000);
    const gain = winnings(learned, 12, baseline, 500) - winnings(plain, 12, baseline, 500);
    expect(`${BASELINES[baseline]?.name}: ${gain > 0 ? "gains" : gain}`).toBe(
      `${BASELINES[baseline]?.name}: gains`,
    );
  }
});

test("a hand is learned from: situations were met, and only by those who played", () => {
  const { game, genes } = schoolOf(8, 3);
  for (let hand = 0; hand < 50; hand++) {
    seatFish(game, 0, genes, 1);
    seatBaseline(game, 1, 2);
    stake(game, [CHIPS, CHIPS], hand & 1);
    playGame(game);
  }
  const visitsOf = (body: number) =>
    game.visits
      .subarray(body * INFORMATION_SETS, (body + 1) * INFORMATION_SETS)
      .reduce((sum, visits) => sum + visits, 0);
  expect([visitsOf(0), visitsOf(2)]).toEqual([0, 0]);
  expect(visitsOf(1)).toBeGreaterThan(50);
});
