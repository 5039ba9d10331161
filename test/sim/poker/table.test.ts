import { expect, test } from "bun:test";
import fc from "fast-check";
import { payPots } from "../../../src/sim/poker/pots.ts";
import {
  type Decide,
  deal,
  FOLD,
  isInPosition,
  playHand,
  STREET,
} from "../../../src/sim/poker/table.ts";
import { STREAM } from "../../../src/sim/state/rng.ts";
import { stackDeck, streamsOf, sumOf, tableOf } from "./hands.ts";

/** Answers with the next of the scripted wishes, then calls. */
function script(...wishes: number[]): Decide {
  let at = 0;
  return (table) => wishes[at++] ?? table.toMatch;
}

const CALL = 0;
const ALL_IN = 1_000_000;
const BOARD = "2c 7d 9h Jc 4s";

test("a short all-in wins the main pot only, the next best hand the side pot", () => {
  const table = tableOf([50, 200, 200]);
  stackDeck(table, ["Ah Ad", "Kh Kd", "Qh Qd"], BOARD);
  playHand(table, script(200, ALL_IN, ALL_IN));
  expect([...table.stack.subarray(0, 3)]).toEqual([150, 300, 0]);
});

test("three stacks make two side pots, and the uncalled rest falls back", () => {
  const table = tableOf([30, 80, 150, 400]);
  stackDeck(table, ["Ah Ad", "Kh Kd", "Qh Qd", "Th Td"], BOARD);
  playHand(table, script(ALL_IN, ALL_IN, ALL_IN, ALL_IN));
  // 4 × 30, 3 × 50, 2 × 70, and 250 that nobody called.
  expect([...table.stack.subarray(0, 4)]).toEqual([120, 150, 140, 250]);
  expect(table.split[0]).toBe(0);
});

test("a tie in the main pot is split, the side pot is not", () => {
  const table = tableOf([50, 100, 100]);
  stackDeck(table, ["Ah 3d", "Ad 3c", "Qh 8d"], BOARD);
  playHand(table, script(ALL_IN, ALL_IN, ALL_IN));
  expect([...table.stack.subarray(0, 3)]).toEqual([75, 175, 0]);
  expect([...table.split.subarray(0, 3)]).toEqual([1, 1, 0]);
});

test("the odd chip goes to the first winner left of the button", () => {
  for (const [button, expected] of [
    [2, [14, 13, 0]],
    [0, [13, 14, 0]],
  ] as const) {
    const table = tableOf([9, 9, 9], { button });
    table.paid.set([9, 9, 9]);
    table.score.set([7, 7, 5]);
    payPots(table);
    expect([...table.won.subarray(0, 3)]).toEqual([...expected]);
  }
});

test("what a folded seat paid stays in the pots that it had paid into", () => {
  const table = tableOf([0, 0, 0, 0]);
  table.paid.set([20, 60, 100, 100]);
  table.folded.set([0, 0, 1, 0]);
  table.score.set([9, 8, 7, 1]);
  payPots(table);
  expect([...table.won.subarray(0, 4)]).toEqual([80, 120, 0, 80]);
});

test("dead money above every remaining bet goes to the last pot", () => {
  const table = tableOf([0, 0, 0]);
  table.paid.set([20, 60, 100]);
  table.folded.set([0, 0, 1]);
  table.score.set([9, 8, 99]);
  payPots(table);
  expect([...table.won.subarray(0, 3)]).toEqual([60, 120, 0]);
});

test("who is left alone takes everything without showing", () => {
  const table = tableOf([100, 100, 100]);
  stackDeck(table, ["2h 3d", "Ah Ad", "Kh Kd"], BOARD);
  // Button raises, both blinds fold.
  playHand(table, script(30, FOLD, FOLD));
  expect([...table.stack.subarray(0, 3)]).toEqual([95, 90, 115]);
  expect(table.street).toBe(STREET.preflop);
});

test("the ante counts towards the call", () => {
  const table = tableOf([100, 100, 100], { ante: 5, smallBlind: 4, bigBlind: 8 });
  stackDeck(table, ["2h 3d", "Ah Ad", "Kh Kd"], BOARD);
  const owed: number[] = [];
  playHand(table, (t, seat) => {
    owed.push(t.toMatch - (t.bet[seat] as number));
    return FOLD;
  });
  expect(owed).toEqual([3, 3]);
  expect([...table.paid.subarray(0, 3)]).toEqual([5, 8, 5]);
  expect([...table.stack.subarray(0, 3)]).toEqual([95, 110, 95]);
});

test("a big blind that cannot be paid in full is still the price of playing", () => {
  const table = tableOf([100, 6, 100]);
  stackDeck(table, ["Kh Kd", "Ah Ad", "Qh Qd"], BOARD);
  playHand(table, script());
  expect([...table.paid.subarray(0, 3)]).toEqual([10, 6, 10]);
  expect([...table.stack.subarray(0, 3)]).toEqual([98, 18, 90]);
});

test("in position is who acts last of those who are still in", () => {
  const table = tableOf([99, 99, 99, 99], { button: 1 });
  const inPosition = () => [0, 1, 2, 3].map((seat) => isInPosition(table, seat));
  expect(inPosition()).toEqual([false, true, false, false]);
  table.folded[1] = 1;
  expect(inPosition()).toEqual([true, true, false, false]);
  table.folded[0] = 1;
  expect(inPosition()).toEqual([true, true, false, true]);
});

test("seats act left of the big blind, then of the button; heads-up the button is first", () => {
  const orderOf = (chips: readonly number[], button: number) => {
    const table = tableOf(chips, { button });
    const asked: number[][] = [[], [], [], []];
    deal(table, streamsOf(1), STREAM.poker);
    playHand(table, (t, seat) => {
      asked[t.street]?.push(seat);
      return CALL;
    });
    return asked;
  };
  expect(orderOf([99, 99, 99, 99], 0)).toEqual([
    [3, 0, 1, 2],
    [1, 2, 3, 0],
    [1, 2, 3, 0],
    [1, 2, 3, 0],
  ]);
  expect(orderOf([99, 99], 1)).toEqual([
    [1, 0],
    [0, 1],
    [0, 1],
    [0, 1],
  ]);
});

test("a raise must be at least as large as the last one; less is a call", () => {
  const table = tableOf([500, 500, 500]);
  const seen: number[] = [];
  const wishes = [40, 60, 70, CALL, CALL];
  deal(table, streamsOf(1), STREAM.poker);
  playHand(table, (t) => {
    if (t.street === STREET.preflop) seen.push(t.toMatch);
    return t.street === STREET.preflop ? (wishes.shift() ?? CALL) : CALL;
  });
  // 10 → 40 is a raise by 30: 60 is too little and calls 40, 70 is enough.
  expect(seen).toEqual([10, 40, 40, 70, 70]);
});

test("an all-in below a full raise does not let those raise again who have acted", () => {
  const table = tableOf([500, 55, 500]);
  const asked: [seat: number, toMatch: number][] = [];
  const wishes = [40, CALL, ALL_IN, ALL_IN, ALL_IN];
  deal(table, streamsOf(1), STREAM.poker);
  playHand(table, (t, seat) => {
    if (t.street === STREET.preflop) asked.push([seat, t.toMatch]);
    return t.street === STREET.preflop ? (wishes.shift() ?? CALL) : CALL;
  });
  expect(asked).toEqual([
    [2, 10],
    [0, 40],
    [1, 40],
    [2, 55],
    [0, 55],
  ]);
  // Both wished all-in then, and could only call 55; they checked on.
  expect(table.paid[0]).toBe(55);
  expect(table.paid[2]).toBe(55);
});

test("raising ends after ten actions a seat", () => {
  const table = tableOf([10_000_000, 10_000_000], { bigBlind: 2, smallBlind: 1 });
  let asked = 0;
  deal(table, streamsOf(1), STREAM.poker);
  playHand(table, (t) => {
    if (t.street === STREET.preflop) asked += 1;
    return t.toMatch + t.minRaise;
  });
  expect(asked).toBe(21);
});

test("whatever the seats wish, chips are conserved, bets are legal and the hand ends", () => {
  const wishes = fc.oneof(
    fc.constant(FOLD),
    fc.constant(CALL),
    fc.constant(ALL_IN),
    fc.integer({ min: -5, max: 400 }),
    fc.double(),
  );
  const hands = fc.record({
    chips: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 2, maxLength: 6 }),
    button: fc.nat(5),
    ante: fc.nat(20),
    bigBlind: fc.integer({ min: 1, max: 40 }),
    wishes: fc.array(wishes, { maxLength: 60, size: "max" }),
    seed: fc.nat(),
  });
  let sidePots = 0;
  fc.assert(
    fc.property(hands, ({ chips, button, ante, bigBlind, wishes: wished, seed }) => {
      const seats = chips.length;
      const stakes = { ante, bigBlind, smallBlind: bigBlind >> 1, button: button % seats };
      const table = tableOf(chips, stakes);
      deal(table, streamsOf(seed), STREAM.poker);
      const next = script(...wished);
      let asked = 0;
      playHand(table, (t, seat) => {
        asked += 1;
        expect(t.folded[seat]).toBe(0);
        expect(t.stack[seat]).toBeGreaterThan(0);
        expect(sumOf(t.stack, seats) + t.pot).toBe(sumOf(t.bought, seats));
        expect(sumOf(t.paid, seats)).toBe(t.pot);
        return next(t, seat);
      });
      expect(asked).toBeLessThanOrEqual(4 * 11 * seats);
      expect(sumOf(table.stack, seats)).toBe(sumOf(table.bought, seats));
      expect(sumOf(table.won, seats)).toBe(table.pot);
      const live = chips.flatMap((_, seat) => (table.folded[seat] === 0 ? [seat] : []));
      sidePots += Number(new Set(live.map((seat) => table.paid[seat])).size > 1);
      for (const seat of chips.keys()) {
        expect(table.stack[seat]).toBeGreaterThanOrEqual(0);
        if (table.folded[seat] !== 0) expect(table.won[seat]).toBe(0);
      }
      // Nobody wins more from each other seat than he has paid himself.
      for (const seat of live) {
        const most = chips.reduce(
          (sum, _, other) => sum + Math.min(table.paid[seat] ?? 0, table.paid[other] ?? 0),
          0,
        );
        const alone =
          live.length === 1 ||
          table.paid[seat] === Math.max(...live.map((l) => table.paid[l] ?? 0));
        if (!alone) expect(table.won[seat]).toBeLessThanOrEqual(most);
      }
      // The best hand of all that are still in wins something.
      const best = Math.max(...live.map((seat) => table.score[seat] ?? 0));
      for (const seat of live) {
        if (table.score[seat] === best && (table.paid[seat] ?? 0) >= seats) {
          expect(table.won[seat]).toBeGreaterThan(0);
        }
      }
    }),
    { numRuns: 5_000 },
  );
  expect(sidePots).toBeGreaterThan(500);
});
