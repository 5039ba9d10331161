import { createHash } from "node:crypto";
import { GENES } from "../../src/sim/heredity/genes.ts";
import { apply, saveTank, type Tank } from "../../src/sim/index.ts";
import { plantIdOf } from "../../src/sim/plants/garden.ts";
import { PLANT_GENES } from "../../src/sim/plants/plant-genome.ts";
import { PLANT_LAYOUT } from "../../src/sim/plants/plant-row.ts";
import { FISH_LAYOUT } from "../../src/sim/wire/fish-row.ts";
import { hashBytes } from "../../src/sim/wire/hash.ts";
import { exportOne, OTHER_KEY, run, tankOf } from "./scripts.ts";

/**
 * Offers a tank damaged records of fish and plants, and finds each refused with a reason and the
 * tank unchanged. Half of the damage is hidden behind a checksum that fits, as somebody would make
 * it who means harm: then one number is out of its bounds, which are known here by the field's
 * meaning.
 */

const HEADER = 24;
/** Records between two looks at the whole state. */
const LOOK_EVERY = 1_000;

export interface FuzzResult {
  readonly refused: number;
  /** How often each kind of damage was tried, and each reason given. */
  readonly damage: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, number>>;
}

/** Throws at the first record that was taken, refused without a reason, or left a trace. */
export function fuzzRecords(count: number, seed: number): FuzzResult {
  const dice = new Dice(seed);
  const samples = sampleRecords();
  const tank = run(tankOf(12, 5, OTHER_KEY), 50);
  const before = fingerprint(tank);
  const damage: Record<string, number> = {};
  const reasons: Record<string, number> = {};
  for (let i = 1; i <= count; i++) {
    const sample = dice.pick(samples);
    const { name, what, bytes } = damaged(sample, dice);
    const kind = dice.below(2) === 0 ? "import" : "restore";
    const outcome = apply(tank, { kind, record: bytes, side: "left" });
    const trial = `seed ${seed}, record ${i}, ${sample.noun}, ${what}`;
    if (outcome.kind !== "rejected") throw new Error(`${trial}: ${kind} took it`);
    if (outcome.detail.length < 10) throw new Error(`${trial}: no reason was given`);
    tally(damage, name);
    tally(reasons, outcome.reason);
    if ((i % LOOK_EVERY === 0 || i === count) && fingerprint(tank) !== before) {
      throw new Error(`${trial} or one of the ${LOOK_EVERY} before it changed the tank`);
    }
  }
  return { refused: count, damage, reasons };
}

function fingerprint(tank: Tank): string {
  return createHash("sha256").update(saveTank(tank)).digest("hex");
}

function tally(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

interface Sample {
  readonly noun: string;
  readonly bytes: Uint8Array;
  readonly poisons: readonly Poison[];
}

/** A cell of the record and values that cannot be in it. */
interface Poison {
  readonly name: string;
  readonly at: number;
  readonly element: "f64" | "f32" | "u32";
  readonly values: readonly number[];
}

/** Fish and plants that have lived, played and travelled. */
function sampleRecords(): readonly Sample[] {
  const tank = run(tankOf(11, 60), 1_200);
  const fish = [0, 3, 9].map((pick) => exportOne(tank, pick).record);
  const plants = [0, 1].map(() => {
    const out = apply(tank, { kind: "export", entityId: plantIdOf(tank, 0), side: "left" });
    if (out.kind !== "done" || out.record === undefined) throw new Error("no plant to export");
    return out.record;
  });
  const fishPoisons = poisonsOf(FISH_LAYOUT, fishBounds());
  const plantPoisons = poisonsOf(PLANT_LAYOUT, plantBounds());
  return [
    ...fish.map((bytes) => ({ noun: "fish", bytes, poisons: fishPoisons })),
    ...plants.map((bytes) => ({ noun: "plant", bytes, poisons: plantPoisons })),
  ];
}

type Kind = (sample: Sample, dice: Dice) => Uint8Array;

const KINDS: Readonly<Record<string, Kind>> = {
  "bits flipped": ({ bytes }, dice) => {
    const copy = bytes.slice();
    // Different bytes, so that no flip takes back another.
    const first = dice.below(copy.length);
    for (let n = dice.below(8); n >= 0; n--) {
      const at = (first + n * 37) % copy.length;
      copy[at] = (copy[at] as number) ^ (1 << dice.below(8));
    }
    return copy;
  },
  truncated: ({ bytes }, dice) => bytes.slice(0, dice.below(bytes.length)),
  extended: ({ bytes }, dice) => {
    const longer = new Uint8Array(bytes.length + 1 + dice.below(64));
    longer.set(bytes);
    return dice.below(2) === 0 ? longer : forge(longer, () => {});
  },
  "bytes overwritten": ({ bytes }, dice) => {
    const copy = bytes.slice();
    const at = HEADER + dice.below(copy.length - HEADER - 16);
    for (let i = 0; i < 16; i++) copy[at + i] = (copy[at + i] as number) ^ (1 + dice.below(255));
    return copy;
  },
  noise: (_, dice) => Uint8Array.from({ length: dice.below(600) }, () => dice.below(256)),
  "forged header": ({ bytes }, dice) => {
    const at = dice.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 20, 21, 22, 23]);
    return forge(bytes, (view) => view.setUint8(at, view.getUint8(at) ^ (1 + dice.below(255))));
  },
};

/** Half of all damage is a forged number. */
function damaged(
  sample: Sample,
  dice: Dice,
): { readonly name: string; readonly what: string; readonly bytes: Uint8Array } {
  if (dice.below(2) === 0) {
    const { name: field, at, element, values } = dice.pick(sample.poisons);
    const value = dice.pick(values);
    const bytes = forge(sample.bytes, (view) => {
      if (element === "f64") view.setFloat64(at, value, true);
      else if (element === "f32") view.setFloat32(at, value, true);
      else view.setUint32(at, value, true);
    });
    return { name: "forged number", what: `${field} = ${value}`, bytes };
  }
  const name = dice.pick(Object.keys(KINDS));
  return { name, what: name, bytes: (KINDS[name] as Kind)(sample, dice) };
}

/** The record with another content and a checksum that fits it. */
export function forge(record: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = record.slice();
  const view = new DataView(copy.buffer);
  change(view);
  const [first = 0, second = 0] = hashBytes(copy.subarray(HEADER));
  view.setUint32(12, first, true);
  view.setUint32(16, second, true);
  return copy;
}

const NO_NUMBERS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const NO_AMOUNTS = [...NO_NUMBERS, -1, -1e-300, 1e12, 1e300];
const NO_COUNTS = [...NO_NUMBERS, -1, 0.5, 2 ** 53, 1e300];

type Bounds = Readonly<Record<string, readonly number[] | undefined>>;
type Layout = typeof FISH_LAYOUT | typeof PLANT_LAYOUT;

/** Values that no fish can have, by name; a word that may be anything is left out. */
function fishBounds(): Bounds {
  return {
    x: NO_AMOUNTS,
    y: NO_AMOUNTS,
    vx: [...NO_NUMBERS, -6, 6, 1e300],
    vy: [...NO_NUMBERS, -6, 6, 1e300],
    headingX: [...NO_NUMBERS, -1.1, 1.1, 5],
    headingY: [...NO_NUMBERS, -1.1, 1.1, 5],
    energy: NO_AMOUNTS,
    bank: NO_AMOUNTS,
    bornTick: NO_COUNTS,
    counter: [...NO_COUNTS, 0],
    motherCounter: NO_COUNTS,
    fatherCounter: NO_COUNTS,
    pokerNet: [...NO_NUMBERS, -1e300, 1e300],
    age: [0xffff_ffff, 20_000],
    generation: [0xffff_ffff],
    hops: [0xffff_ffff],
    offspring: [0xffff_ffff],
    origin: [1_000, 0xffff_ffff],
    pokerRestUntil: [0xffff_ffff, 20_000],
    pokerGames: [0xffff_ffff],
    pokerWins: [0xffff_ffff, 0xffff_fffe],
    crabbedAt: [0xffff_ffff, 20_000],
    memoryX: [...NO_NUMBERS, -0.01, 1e6],
    memoryY: [...NO_NUMBERS, -0.01, 1e6],
    memoryStrength: [...NO_NUMBERS, -0.1, 1.1],
    memoryAge: [0xffff_ffff, 20_000],
    regrets: [...NO_NUMBERS, -1e30, 1e30],
    visits: [0xffff_ffff],
  };
}

function plantBounds(): Bounds {
  return {
    energy: NO_AMOUNTS,
    nectar: NO_AMOUNTS,
    bornTick: NO_COUNTS,
    counter: [...NO_COUNTS, 0],
    parentCounter: NO_COUNTS,
    spot: [0xffff_ffff, 1e8],
    age: [0xffff_ffff],
    generation: [0xffff_ffff],
    hops: [0xffff_ffff],
    offspring: [0xffff_ffff],
    nectarWait: [601, 0xffff_ffff],
    strategy: [13, 0xffff_ffff],
    cooldown: [0xffff_ffff, 1_000],
  };
}

function poisonsOf(layout: Layout, bounds: Bounds): readonly Poison[] {
  const poisons: Poison[] = [];
  const genes = layout === FISH_LAYOUT ? GENES : PLANT_GENES;
  let at = HEADER;
  for (const [fields, element, bytes] of [
    [layout.reals, "f64", 8],
    [layout.words, "u32", 4],
  ] as const) {
    for (const { name } of fields) {
      const values = bounds[name];
      if (values !== undefined) poisons.push({ name, at, element, values });
      at += bytes;
    }
  }
  for (const { name, element, width } of layout.vectors) {
    for (let cell = 0; cell < width; cell++, at += 4) {
      const values = name === "genes" ? noGene(genes[cell]) : (bounds[name] ?? []);
      poisons.push({ name: `${name} ${cell}`, at, element, values });
    }
  }
  return poisons;
}

/** What a gene cannot be; beyond the genes come meta-genes, which end at 3. */
function noGene(gene: { min: number; max: number; type: string } | undefined): readonly number[] {
  if (gene === undefined) return [...NO_NUMBERS, -0.1, 3.1, 1e30];
  const { min, max, type } = gene;
  const between = type === "real" || type === "wheel" ? [] : [min + 0.5];
  return [...NO_NUMBERS, min - 0.01, max + 0.01, -1e30, 1e30, ...between];
}

/**
 * A generator of its own (mulberry32, Tommy Ettinger), so that a seed tells the same story always.
 */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let word = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return Math.floor((((word ^ (word >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}
