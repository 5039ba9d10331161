import { expect, test } from "bun:test";
import { INFORMATION_SETS, POKER_ACTIONS, REGRET_CELLS } from "../../../src/sim/model.ts";
import {
  inheritLearning,
  learnedAction,
  learnFromHand,
  makeDecisions,
  noteDecision,
  situationOf,
} from "../../../src/sim/poker/learning.ts";
import { tableOf } from "./hands.ts";

function experience(bodies: number) {
  return {
    regrets: new Float32Array(bodies * REGRET_CELLS),
    visits: new Uint32Array(bodies * INFORMATION_SETS),
  };
}

test("every situation has a number of its own", () => {
  const table = tableOf([100, 100]);
  table.stack[0] = 99;
  const seen = new Set<number>();
  for (const strength of [0, 0.3, 0.5, 0.7, 1]) {
    for (const pot of [5, 15, 30, 70, 300]) {
      table.pot = pot;
      for (const inPosition of [false, true]) {
        seen.add(situationOf(table, 0, strength, inPosition));
      }
    }
  }
  const all = Array.from({ length: INFORMATION_SETS }, (_, situation) => situation);
  expect([...seen].sort((one, other) => one - other)).toEqual(all);
});

test("actions are drawn by their share of the positive regrets, once there is experience", () => {
  const { regrets, visits } = experience(2);
  const first = (INFORMATION_SETS + 7) * POKER_ACTIONS;
  regrets.set([-5, 3, 1, 0], first);
  visits[INFORMATION_SETS + 7] = 3;
  const drawn = (luck: number, rate: number) => learnedAction(regrets, visits, 1, 7, rate, luck);
  expect(drawn(0, 1)).toBe(-1);
  expect([0, 0.74, 0.76, 0.99].map((luck) => drawn(luck, 2))).toEqual([1, 1, 2, 2]);
  regrets.set([-5, -3, -1, 0], first);
  expect(drawn(0.5, 2)).toBe(-1);
});

test("what was done counts as it ended, the rest as the cards would have had it", () => {
  const { regrets, visits } = experience(1);
  const table = tableOf([100, 100]);
  const noted = makeDecisions();
  // Calls 10 into a pot of 20, loses 40 more later, and the other's cards were better.
  table.bet.set([10, 20]);
  table.stack.set([80, 80]);
  table.toMatch = 20;
  table.pot = 20;
  noteDecision(noted, table, 0, 4, 20);
  table.stack[0] = 30;
  table.score.set([1, 2]);
  learnFromHand(noted, table, 0, 2, regrets, visits, 0);
  // Fold 0, call −50 as it came, small raise −18, big raise −30: their mean is −24.5.
  const first = 4 * POKER_ACTIONS;
  const expected = [24.5, -25.5, 6.5, -5.5].map((chips) => (2 * chips) / table.bigBlind);
  for (const [action, regret] of expected.entries()) {
    expect(regrets[first + action]).toBeCloseTo(regret, 4);
  }
  expect(visits[4]).toBe(1);
});

test("a child begins with four fifths of what its parents know well", () => {
  const { regrets, visits } = experience(3);
  const set = (body: number, situation: number, regret: number, met: number) => {
    regrets.fill(
      regret,
      (body * INFORMATION_SETS + situation) * POKER_ACTIONS,
      (body * INFORMATION_SETS + situation + 1) * POKER_ACTIONS,
    );
    visits[body * INFORMATION_SETS + situation] = met;
  };
  set(0, 1, 10, 20);
  set(1, 1, 30, 10);
  set(0, 2, 10, 20);
  set(1, 2, 99, 2);
  set(0, 3, 10, 2);
  set(1, 3, 99, 2);
  inheritLearning(regrets, visits, 0, 1, 2);
  const child = [1, 2, 3].map((situation) => [
    regrets[(2 * INFORMATION_SETS + situation) * POKER_ACTIONS],
    visits[2 * INFORMATION_SETS + situation],
  ]);
  expect(child).toEqual([
    [16, 12],
    [8, 16],
    [0, 0],
  ]);
});
