import { faultOfGenome } from "../heredity/genome.ts";
import { express } from "../heredity/phenotype.ts";
import { capacityAt } from "../life/metabolism.ts";
import {
  BANK_CAPACITIES,
  FISH_REFERENCE,
  FOUNDERS_MAX,
  ORIGINS,
  SPEED_MAX,
  TANK_WIDTH,
} from "../model.ts";
import { REST_TICKS } from "../poker/rules.ts";
import { BODY_SCHEMA, type BodyColumns } from "../state/arena.ts";
import { expressRow } from "../state/population.ts";
import type { Tank } from "../state/tank.ts";
import { COUNT_MAX, faultOfNumbers, layoutOf, real, whole, word } from "./record-layout.ts";

/** Longest side of the largest tank. */
const POSITION_MAX = TANK_WIDTH * Math.sqrt(FOUNDERS_MAX / FISH_REFERENCE);
/** More energy than a life of winning gives. */
const POKER_NET_MAX = 1e9;
/** Far above what regrets can sum up to. */
const REGRET_BOUND = 1e9;
/** What rounding may add to a bound that was computed. */
const TOLERANCE = 1e-9;
/** Bound of one component of a velocity or a heading: the length is checked besides. */
const VELOCITY_BOUND = SPEED_MAX + TOLERANCE;

/** All that a fish is, in the order of the wire; what follows from its genome stays at home. */
export const FISH_LAYOUT = layoutOf({
  // "TKDF"
  magic: 0x46444b54,
  noun: "fish",
  reals: [
    real("x", 0, POSITION_MAX),
    real("y", 0, POSITION_MAX),
    real("vx", -VELOCITY_BOUND, VELOCITY_BOUND),
    real("vy", -VELOCITY_BOUND, VELOCITY_BOUND),
    real("headingX", -1 - TOLERANCE, 1 + TOLERANCE),
    real("headingY", -1 - TOLERANCE, 1 + TOLERANCE),
    real("energy", 0, Number.MAX_VALUE),
    real("bank", 0, Number.MAX_VALUE),
    whole("bornTick", 0),
    whole("counter", 1),
    whole("motherCounter", 0),
    whole("fatherCounter", 0),
    real("pokerNet", -POKER_NET_MAX, POKER_NET_MAX),
  ],
  words: [
    word("keyHi"),
    word("keyLo"),
    word("motherHi"),
    word("motherLo"),
    word("fatherHi"),
    word("fatherLo"),
    word("age"),
    word("generation", COUNT_MAX),
    word("hops", COUNT_MAX),
    word("offspring", COUNT_MAX),
    word("dice"),
    word("origin", ORIGINS.length - 1),
    word("pokerRestUntil", COUNT_MAX),
    word("pokerGames", COUNT_MAX),
    word("pokerWins", COUNT_MAX),
    word("crabbedAt", COUNT_MAX),
  ],
  vectors: Object.entries(BODY_SCHEMA).map(([name, [element, width]]) => ({
    name: name as keyof typeof BODY_SCHEMA,
    element,
    width,
  })),
});

const SCALARS = [...FISH_LAYOUT.reals, ...FISH_LAYOUT.words];
type ScalarName = (typeof SCALARS)[number]["name"];

/** A fish outside of any tank. */
export type FishRow = { readonly [N in ScalarName]: number } & { readonly body: BodyColumns };

/** What is out of bounds in a foreign fish, or undefined. */
export function faultOfFish(row: FishRow): string | undefined {
  const genome = faultOfGenome(row.body.genes);
  if (genome !== undefined) return genome;
  return (
    faultOfNumbers(SCALARS, row) ?? faultOfBody(row) ?? faultOfMind(row) ?? faultOfLineage(row)
  );
}

/** Numbers that are bounded by what the genome makes of the fish, or by its age. */
function faultOfBody(row: FishRow): string | undefined {
  const { girth, lifespan, maxSpeed } = express(row.body.genes, 0);
  const loose = 1 + TOLERANCE;
  const capacity = capacityAt(row.age, girth) * loose;
  const speed = Math.sqrt(row.vx * row.vx + row.vy * row.vy);
  const heading = Math.sqrt(row.headingX * row.headingX + row.headingY * row.headingY);
  if (row.age >= lifespan) return "age";
  if (row.energy > capacity) return "energy";
  if (row.bank > BANK_CAPACITIES * capacity) return "bank";
  if (speed > maxSpeed * loose) return "velocity";
  if (row.crabbedAt > row.age + 1) return "crabbedAt";
  if (row.pokerRestUntil > row.age + REST_TICKS) return "pokerRestUntil";
  return Math.abs(heading - 1) > TOLERANCE ? "heading" : undefined;
}

/** What it remembers and has learned. */
function faultOfMind(row: FishRow): string | undefined {
  const { memoryX, memoryY, memoryStrength, memoryAge, regrets, visits } = row.body;
  if (!allWithin(memoryX, 0, POSITION_MAX) || !allWithin(memoryY, 0, POSITION_MAX)) return "memory";
  if (!allWithin(memoryStrength, 0, 1) || !allWithin(memoryAge, 0, row.age + 1)) return "memory";
  if (!allWithin(regrets, -REGRET_BOUND, REGRET_BOUND)) return "regrets";
  if (!allWithin(visits, 0, COUNT_MAX)) return "visits";
  return row.pokerWins > row.pokerGames ? "pokerWins" : undefined;
}

function allWithin(values: Float32Array | Uint32Array, min: number, max: number): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(value >= min && value <= max)) return false;
  }
  return true;
}

/** A parent is a whole id or nobody; nobody descends from itself. */
function faultOfLineage(row: FishRow): string | undefined {
  const { keyHi, keyLo, counter, motherHi, motherLo, fatherHi, fatherLo } = row;
  if (row.motherCounter === 0 && (motherHi !== 0 || motherLo !== 0)) return "mother";
  if (row.fatherCounter === 0 && (fatherHi !== 0 || fatherLo !== 0)) return "father";
  if (motherHi === keyHi && motherLo === keyLo && row.motherCounter === counter) return "mother";
  if (fatherHi === keyHi && fatherLo === keyLo && row.fatherCounter === counter) return "father";
  return undefined;
}

/** Writes a checked fish into an open row. */
export function writeRow(tank: Tank, at: number, row: FishRow): void {
  for (const { name } of SCALARS) tank.fish[name][at] = row[name];
  const body = tank.fish.body[at];
  for (const { name, width } of FISH_LAYOUT.vectors) {
    tank.bodies[name].set(row.body[name], body * width);
  }
  expressRow(tank, at);
}
