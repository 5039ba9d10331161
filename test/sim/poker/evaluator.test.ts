import { expect, test } from "bun:test";
import { Hand } from "pokersolver";
import { shuffleDeck } from "../../../src/sim/poker/cards.ts";
import { categoryOf, leadingRankOf, scoreCards } from "../../../src/sim/poker/evaluator.ts";
import { STREAM } from "../../../src/sim/state/rng.ts";
import { cardOf, RANKS, streamsOf, textOf } from "./hands.ts";

function scoreOf(text: string): number {
  const cards = Uint8Array.from(text.split(" "), cardOf);
  return scoreCards(cards, 0, cards.length);
}

test("all 2,598,960 hands of five cards fall into the categories as often as they should", () => {
  const counts = new Array<number>(9).fill(0);
  const cards = new Uint8Array(5);
  for (let a = 0; a < 52; a++) {
    for (let b = a + 1; b < 52; b++) {
      for (let c = b + 1; c < 52; c++) {
        for (let d = c + 1; d < 52; d++) {
          for (let e = d + 1; e < 52; e++) {
            cards[0] = a;
            cards[1] = b;
            cards[2] = c;
            cards[3] = d;
            cards[4] = e;
            const category = categoryOf(scoreCards(cards, 0, 5));
            counts[category] = (counts[category] ?? 0) + 1;
          }
        }
      }
    }
  }
  // High card, pair, two pair, trips, straight, flush, full house, quads, straight flush.
  expect(counts).toEqual([1302540, 1098240, 123552, 54912, 10200, 5108, 3744, 624, 40]);
});

test("of all five-card hands exactly 7,462 differ in rank", () => {
  const scores = new Set<number>();
  const cards = new Uint8Array(5);
  const pick = (at: number, first: number) => {
    for (let card = first; card < 52; card++) {
      cards[at] = card;
      if (at === 4) scores.add(scoreCards(cards, 0, 5));
      else pick(at + 1, card + 1);
    }
  };
  pick(0, 0);
  expect(scores.size).toBe(7462);
});

test("seven cards: 25,000 showdowns end as the library pokersolver says", () => {
  const streams = streamsOf(2024);
  const deck = new Uint8Array(52);
  const names = ["High Card", "Pair", "Two Pair", "Three of a Kind", "Straight", "Flush"];
  names.push("Full House", "Four of a Kind", "Straight Flush");
  for (let i = 0; i < 25_000; i++) {
    shuffleDeck(deck, 9, streams, STREAM.poker);
    const board = Array.from(deck.subarray(4, 9), textOf);
    const hands = [0, 2].map((hole) => {
      const cards = [...Array.from(deck.subarray(hole, hole + 2), textOf), ...board];
      return { cards: cards.join(" "), score: scoreOf(cards.join(" ")), solved: Hand.solve(cards) };
    });
    const [one, other] = hands as [(typeof hands)[0], (typeof hands)[0]];
    for (const { cards, score, solved } of hands) {
      expect(`${cards}: ${names[categoryOf(score)]}`).toBe(`${cards}: ${solved.name}`);
    }
    const winners = Hand.winners([one.solved, other.solved]);
    const expected = winners.length === 2 ? 0 : winners[0] === one.solved ? 1 : -1;
    const found = Math.sign(one.score - other.score);
    expect(`${one.cards} | ${other.cards}: ${found}`).toBe(
      `${one.cards} | ${other.cards}: ${expected}`,
    );
  }
});

test.each([
  ["wheel below a six-high straight", "Ac 2d 3h 4s 5c Kd Kh", "2c 3d 4h 5s 6c Ad Ah"],
  ["the lower of two pairs' kickers", "Kc Kd 7h 7s 5c 5d 4h", "Kc Kd 7h 7s 5c 5d Ah"],
  ["trips below a straight on the same board", "9c 9d 9h Ts Jc 2d 3h", "7c 8d 9h Ts Jc 2d 3h"],
  ["a flush below a full house", "Ac Kc 9c 5c 2c 2d 2h", "Ad Kd Kh 5c 5d 5h 2s"],
  ["two sets of trips below the higher one", "8c 8d 8h 4c 4d 4h Ks", "9c 9d 9h 4c 4d 4h 2s"],
  ["quads by their kicker", "7c 7d 7h 7s Qc 2d 3h", "7c 7d 7h 7s Kc 2d 3h"],
  ["steel wheel below a six-high straight flush", "Ac 2c 3c 4c 5c Kd Qd", "2d 3d 4d 5d 6d Kc Qc"],
])("ranks %s", (_, lower, higher) => {
  expect(scoreOf(lower)).toBeLessThan(scoreOf(higher));
});

test("only the five best cards count", () => {
  expect(scoreOf("Ac Kd Qh Js 9c 3d 2h")).toBe(scoreOf("Ad Kh Qs Jc 9d 4c 2s"));
  expect(scoreOf("Ac Ad Kh Ks Qc Qd 2h")).toBe(scoreOf("Ah As Kc Kd Qs 9d 8h"));
});

test("names the rank that decides first", () => {
  expect(RANKS.charAt(leadingRankOf(scoreOf("Ac 2d 3h 4s 5c 9d Kh")))).toBe("5");
  expect(RANKS.charAt(leadingRankOf(scoreOf("Jc Jd 3h 4s 5c 9d Kh")))).toBe("J");
  expect(RANKS.charAt(leadingRankOf(scoreOf("2c 2d 2h 4s 4c 9d Kh")))).toBe("2");
});
