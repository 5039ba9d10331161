/**
 * Scores of poker hands as plain integers: the better hand has the higher number, equal hands have
 * the same. A score is `category << 26 | major << 13 | minor`, where major and minor are sets of
 * ranks (13 bits, ace highest). Sets of the same number of ranks compare like the cards themselves
 * do, from the highest down, so no card has to be sorted or looked up in a table.
 */
export const CATEGORY = {
  highCard: 0,
  pair: 1,
  twoPair: 2,
  trips: 3,
  straight: 4,
  flush: 5,
  fullHouse: 6,
  quads: 7,
  straightFlush: 8,
} as const;

const CATEGORY_SHIFT = 26;
const MAJOR_SHIFT = 13;
const RANK_BITS = 0x1fff;
/** Ace, two, three, four, five: the ace counts as one. */
const WHEEL = 0x100f;
const FIVE = 1 << 3;

export function categoryOf(score: number): number {
  return score >> CATEGORY_SHIFT;
}

/** The highest rank of the set that decides first within the category. */
export function leadingRankOf(score: number): number {
  const major = (score >> MAJOR_SHIFT) & RANK_BITS;
  return 31 - Math.clz32(major === 0 ? score & RANK_BITS : major);
}

/** The score of the cards [from, to), five to seven of them. */
export function scoreCards(cards: Uint8Array, from: number, to: number): number {
  let clubs = 0;
  let diamonds = 0;
  let hearts = 0;
  let spades = 0;
  for (let at = from; at < to; at++) {
    const card = cards[at];
    const rank = 1 << (card >> 2);
    const suit = card & 3;
    if (suit === 0) clubs |= rank;
    else if (suit === 1) diamonds |= rank;
    else if (suit === 2) hearts |= rank;
    else spades |= rank;
  }
  return scoreSuits(clubs, diamonds, hearts, spades);
}

/** The score of the best five of the five to seven cards whose ranks are given per suit. */
export function scoreSuits(
  clubs: number,
  diamonds: number,
  hearts: number,
  spades: number,
): number {
  const ranks = clubs | diamonds | hearts | spades;
  // Among seven cards only one suit can hold five.
  const suited = hasFive(clubs)
    ? clubs
    : hasFive(diamonds)
      ? diamonds
      : hasFive(hearts)
        ? hearts
        : hasFive(spades)
          ? spades
          : 0;
  // A flush of seven cards leaves no room for quads or a full house.
  if (suited !== 0) return scoreFlush(suited);
  const lowPair = clubs & diamonds;
  const highPair = hearts & spades;
  const lowOdd = clubs ^ diamonds;
  const highOdd = hearts ^ spades;
  const several = lowPair | highPair | (lowOdd & highOdd);
  if (several === 0) return scoreSingles(ranks);
  const quads = lowPair & highPair;
  const trips = (lowPair & highOdd) | (lowOdd & highPair);
  return scoreRepeats(ranks, several, trips, quads);
}

function scoreFlush(suited: number): number {
  const top = straightTop(suited);
  if (top !== 0) return (CATEGORY.straightFlush << CATEGORY_SHIFT) | top;
  return (CATEGORY.flush << CATEGORY_SHIFT) | highest(suited, 5);
}

/** All ranks differ. */
function scoreSingles(ranks: number): number {
  const top = straightTop(ranks);
  if (top !== 0) return (CATEGORY.straight << CATEGORY_SHIFT) | top;
  return highest(ranks, 5);
}

/** Some rank is there at least twice (`several`). */
function scoreRepeats(ranks: number, several: number, trips: number, quads: number): number {
  if (quads !== 0) return scoreOf(CATEGORY.quads, quads, highest(ranks & ~quads, 1));
  if (trips !== 0) {
    const best = highest(trips, 1);
    const others = several & ~best;
    if (others !== 0) return scoreOf(CATEGORY.fullHouse, best, highest(others, 1));
  }
  const top = straightTop(ranks);
  if (top !== 0) return (CATEGORY.straight << CATEGORY_SHIFT) | top;
  if (trips !== 0) return scoreOf(CATEGORY.trips, trips, highest(ranks & ~trips, 2));
  const pairs = highest(several, 2);
  const left = ranks & ~pairs;
  if ((pairs & (pairs - 1)) !== 0) return scoreOf(CATEGORY.twoPair, pairs, highest(left, 1));
  return scoreOf(CATEGORY.pair, pairs, highest(left, 3));
}

function scoreOf(category: number, major: number, minor: number): number {
  return (category << CATEGORY_SHIFT) | (major << MAJOR_SHIFT) | minor;
}

/** The highest rank of a straight within the set as a set of one, or 0. */
function straightTop(ranks: number): number {
  const runs = ranks & (ranks << 1) & (ranks << 2) & (ranks << 3) & (ranks << 4);
  if (runs !== 0) return highest(runs, 1);
  return (ranks & WHEEL) === WHEEL ? FIVE : 0;
}

/** The `count` highest members of a set; all of a smaller one. */
function highest(ranks: number, count: number): number {
  let rest = ranks;
  let top = 0;
  for (let i = 0; i < count && rest !== 0; i++) {
    const bit = 0x8000_0000 >>> Math.clz32(rest);
    top |= bit;
    rest ^= bit;
  }
  return top;
}

function hasFive(ranks: number): boolean {
  let rest = ranks & (ranks - 1);
  rest &= rest - 1;
  rest &= rest - 1;
  rest &= rest - 1;
  return rest !== 0;
}
