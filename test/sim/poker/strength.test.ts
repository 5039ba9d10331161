import { expect, test } from "bun:test";
import { scoreCards } from "../../../src/sim/poker/evaluator.ts";
import {
  madeStrength,
  startingEquity,
  startingStrength,
  strengthOf,
} from "../../../src/sim/poker/strength.ts";
import { STREET } from "../../../src/sim/poker/table.ts";
import { nextInteger, STREAM } from "../../../src/sim/state/rng.ts";
import { cardOf, stackDeck, streamsOf, tableOf } from "./hands.ts";

/** Share of pots that two cards win against two random ones. */
function drawEquity(first: number, second: number, deals: number, streams: Uint32Array): number {
  const rest = Uint8Array.from({ length: 52 }, (_, card) => card).filter(
    (card) => card !== first && card !== second,
  );
  const own = new Uint8Array(7);
  const other = new Uint8Array(7);
  let halves = 0;
  for (let deal = 0; deal < deals; deal++) {
    for (let at = 0; at < 7; at++) {
      const from = at + nextInteger(streams, STREAM.poker, rest.length - at);
      [rest[at], rest[from]] = [rest[from] ?? 0, rest[at] ?? 0];
    }
    own.set([first, second]);
    own.set(rest.subarray(0, 5), 2);
    other.set(rest.subarray(0, 7));
    const lead = scoreCards(own, 0, 7) - scoreCards(other, 0, 7);
    halves += lead > 0 ? 2 : lead === 0 ? 1 : 0;
  }
  return halves / 2 / deals;
}

test("the table of starting hands is what one draws", () => {
  const streams = streamsOf(7);
  let sum = 0;
  for (let high = 0; high < 13; high++) {
    for (let low = 0; low <= high; low++) {
      for (const suited of high === low ? [false] : [false, true]) {
        const [one, other] = [4 * high, 4 * low + (suited ? 0 : 1)];
        const found = drawEquity(one, other, 2_500, streams);
        const listed = startingEquity(one, other) / 1000;
        expect(startingEquity(other, one)).toBe(startingEquity(one, other));
        // Four standard errors of 2,500 deals.
        expect(Math.abs(found - listed)).toBeLessThan(0.04);
        const combinations = high === low ? 6 : suited ? 4 : 12;
        sum += combinations * listed;
      }
    }
  }
  // Against a random hand a random hand wins half.
  expect(sum / 1326).toBeCloseTo(0.5, 3);
});

test("starting hands run from three and deuce to two aces", () => {
  expect(startingStrength(cardOf("Ah"), cardOf("As"))).toBe(1);
  expect(startingStrength(cardOf("2h"), cardOf("3s"))).toBe(0);
  const suited = startingStrength(cardOf("Kh"), cardOf("Qh"));
  expect(suited).toBeGreaterThan(startingStrength(cardOf("Kh"), cardOf("Qs")));
});

test("a made hand's strength grows with its score and lies in the band of its category", () => {
  const bands: [string, number, number][] = [
    ["Kc Jd 9h 5s 2c", 0, 0.2],
    ["2c 2d 9h 5s Kc", 0.2, 0.4],
    ["Ac Ad 9h 5s Kc", 0.2, 0.4],
    ["Ac Ad 9h 9s Kc", 0.4, 0.6],
    ["5c 5d 5h 9s Kc", 0.6, 0.7],
    ["5c 6d 7h 8s 9c", 0.7, 0.8],
    ["5c 6c 7c 8c Kc", 0.8, 0.85],
    ["5c 5d 5h Ks Kc", 0.85, 0.9],
    ["5c 5d 5h 5s Kc", 0.9, 0.95],
    ["5c 6c 7c 8c 9c", 0.95, 1],
  ];
  let last = -1;
  for (const [text, low, high] of bands) {
    const cards = Uint8Array.from(text.split(" "), cardOf);
    const strength = madeStrength(scoreCards(cards, 0, 5));
    expect(strength).toBeGreaterThanOrEqual(low);
    expect(strength).toBeLessThan(high);
    expect(strength).toBeGreaterThan(last);
    last = strength;
  }
  const royal = Uint8Array.from("Tc Jc Qc Kc Ac".split(" "), cardOf);
  expect(madeStrength(scoreCards(royal, 0, 5))).toBe(1);
});

test("only the cards that lie open count", () => {
  const table = tableOf([100, 100]);
  stackDeck(table, ["Ah 9d", "Kc Kd"], "2c 7d 4h As Ac");
  const strengths = [STREET.flop, STREET.turn, STREET.river].map((street) => {
    table.street = street;
    return strengthOf(table, 0);
  });
  expect(strengths[0]).toBeLessThan(0.2);
  expect(strengths[1]).toBeLessThan(0.4);
  expect(strengths[2]).toBeGreaterThanOrEqual(0.6);
});
