import { express, GENE_CELLS } from "./genome.ts";
import { capacityAt } from "./metabolism.ts";
import { BANK_CAPACITIES, FISH_REFERENCE, FOUNDERS_MAX, SPEED_MAX, TANK_WIDTH } from "./model.ts";
import { expressRow } from "./population.ts";
import type { Tank } from "./tank.ts";

/** Longest side of the largest tank. */
const POSITION_MAX = TANK_WIDTH * Math.sqrt(FOUNDERS_MAX / FISH_REFERENCE);
const COUNTER_MAX = Number.MAX_SAFE_INTEGER;
const WORD_MAX = 0xffff_ffff;
/** What rounding may add to a bound that was computed. */
const TOLERANCE = 1e-9;
/** Bound of one component of a velocity or a heading: the length is checked besides. */
const VELOCITY_BOUND = SPEED_MAX + TOLERANCE;

function real(name: RealName, min: number, max: number) {
  return { name, element: "f64", min, max, whole: false } as const;
}

function whole(name: RealName, min: number) {
  return { name, element: "f64", min, max: COUNTER_MAX, whole: true } as const;
}

function word(name: WordName, max = WORD_MAX) {
  return { name, element: "u32", min: 0, max, whole: true } as const;
}

type RealName =
  | "x"
  | "y"
  | "vx"
  | "vy"
  | "headingX"
  | "headingY"
  | "energy"
  | "bank"
  | "bornTick"
  | "counter"
  | "motherCounter"
  | "fatherCounter";

type WordName =
  | "keyHi"
  | "keyLo"
  | "motherHi"
  | "motherLo"
  | "fatherHi"
  | "fatherLo"
  | "age"
  | "generation"
  | "hops"
  | "offspring"
  | "dice";

/** The columns of a fish that travel, in the order of the wire; the rest follows from its genome. */
export const WIRE_FIELDS = [
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
  word("keyHi"),
  word("keyLo"),
  word("motherHi"),
  word("motherLo"),
  word("fatherHi"),
  word("fatherLo"),
  word("age"),
  // One below the end, so that counting on never wraps.
  word("generation", WORD_MAX - 1),
  word("hops", WORD_MAX - 1),
  word("offspring", WORD_MAX - 1),
  word("dice"),
] as const;

/** A fish outside of any tank. */
export type FishRow = { readonly [N in RealName | WordName]: number } & {
  readonly genes: Float32Array;
};

/** What is out of bounds in a foreign fish whose genome is sound, or undefined. */
export function faultOfFish(row: FishRow): string | undefined {
  for (const field of WIRE_FIELDS) {
    const value = row[field.name];
    if (!(value >= field.min && value <= field.max)) return field.name;
    if (field.whole && value !== Math.floor(value)) return field.name;
  }
  return faultOfBody(row) ?? faultOfLineage(row);
}

/** Numbers that are bounded by what the genome makes of the fish. */
function faultOfBody(row: FishRow): string | undefined {
  const { girth, lifespan, maxSpeed } = express(row.genes, 0);
  const loose = 1 + TOLERANCE;
  const capacity = capacityAt(row.age, girth) * loose;
  const speed = Math.sqrt(row.vx * row.vx + row.vy * row.vy);
  const heading = Math.sqrt(row.headingX * row.headingX + row.headingY * row.headingY);
  if (row.age >= lifespan) return "age";
  if (row.energy > capacity) return "energy";
  if (row.bank > BANK_CAPACITIES * capacity) return "bank";
  if (speed > maxSpeed * loose) return "velocity";
  return Math.abs(heading - 1) > TOLERANCE ? "heading" : undefined;
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
  for (const { name } of WIRE_FIELDS) tank.fish[name][at] = row[name];
  tank.fish.genes.set(row.genes, at * GENE_CELLS);
  expressRow(tank, at);
}
