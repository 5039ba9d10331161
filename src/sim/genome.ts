import {
  ADULT_TICKS,
  BASE_SPEED,
  JUVENILE_TICKS,
  META_FOUNDER_MAX,
  META_FOUNDER_MIN,
  META_MAX,
  META_MIN,
  META_MUTATION_RATE,
  META_MUTATION_SIGMA,
  MUTATION_RATE,
  MUTATION_STRENGTH,
  SPEED_MAX,
} from "./model.ts";
import { nextGaussian, nextReal, nextUnit, nextWord, type Stream } from "./rng.ts";

interface GeneSpec {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** What founders are drawn from. */
  readonly founders: readonly [number, number];
  /** real: clamped at the bounds. step: a whole number that mutates by one. wheel: [0, 1) in a circle. */
  readonly type: "real" | "step" | "wheel";
  readonly behaviour: boolean;
}

function physical(name: string): GeneSpec {
  return { name, min: 0.5, max: 2, founders: [0.7, 1.3], type: "real", behaviour: false };
}

function scalar(name: string, min: number, max: number): GeneSpec {
  return { name, min, max, founders: [min, max], type: "real", behaviour: true };
}

/** Every gene with its bounds (TW core/genetics/physical.py, behavioral.py). The order is the wire's. */
export const GENES: readonly GeneSpec[] = [
  physical("size_modifier"),
  physical("fin_size"),
  physical("tail_size"),
  physical("body_aspect"),
  physical("eye_size"),
  physical("lifespan_modifier"),
  { name: "color_hue", min: 0, max: 1, founders: [0, 1], type: "wheel", behaviour: false },
  { name: "pattern_intensity", min: 0, max: 1, founders: [0, 1], type: "real", behaviour: false },
  { name: "template_id", min: 0, max: 5, founders: [0, 6], type: "step", behaviour: false },
  { name: "pattern_type", min: 0, max: 5, founders: [0, 6], type: "step", behaviour: false },
  scalar("social_tendency", 0, 1),
  scalar("pursuit_aggression", 0, 1),
  scalar("prediction_skill", 0, 1),
  scalar("pursuit_speed", 0.9, 1.6),
  scalar("base_speed_multiplier", 0.5, 0.943),
  scalar("social_distance", 30, 80),
  scalar("cohesion_strength", 0.3, 0.8),
  scalar("alignment_strength", 0.2, 0.59),
  scalar("separation_distance", 15, 40),
];

/** Column of each gene in a row of the genome matrix. */
export const GENE = {
  size: 0,
  fin: 1,
  tail: 2,
  aspect: 3,
  eye: 4,
  lifespan: 5,
  hue: 6,
  pattern: 7,
  template: 8,
  patternType: 9,
  social: 10,
  pursuitAggression: 11,
  prediction: 12,
  pursuitSpeed: 13,
  cruise: 14,
  socialDistance: 15,
  cohesion: 16,
  alignment: 17,
  separation: 18,
} as const;

export const GENE_COUNT = 19;
/** A row: every gene's value, then every mutation_rate, then every mutation_strength. */
export const GENE_CELLS = 3 * GENE_COUNT;

/** Largest 32-bit float below 1, the end of the colour wheel. */
const WHEEL_MAX = 1 - 1 / 0x100_0000;
/** Bounds as the 32-bit floats that genes are kept in, so that a stored gene never exceeds them. */
const LOWEST = Float32Array.from(GENES, (gene) => gene.min);
const HIGHEST = Float32Array.from(GENES, (gene) => (gene.type === "wheel" ? WHEEL_MAX : gene.max));
const META_LOWEST = Math.fround(META_MIN);
const META_HIGHEST = Math.fround(META_MAX);
/** Speed bonus of each body template (TW core/genetics/expression.py). */
const TEMPLATE_SPEED = Float64Array.of(1.0, 1.2, 0.8, 1.0, 0.9, 1.1);

/** Writes a founder's genome into the row that starts at cell `row`. */
export function drawGenome(genes: Float32Array, row: number, streams: Uint32Array, from: Stream) {
  for (const [gene, spec] of GENES.entries()) {
    const drawn = nextReal(streams, from, spec.founders[0], spec.founders[1]);
    storeGene(genes, row, gene, spec.type === "step" ? Math.floor(drawn) : drawn);
    for (let meta = 1; meta <= 2; meta++) {
      const value = nextReal(streams, from, META_FOUNDER_MIN, META_FOUNDER_MAX);
      genes[row + meta * GENE_COUNT + gene] = value;
    }
  }
}

/** Writes a child's genome: each gene with its meta-genes from one of the parents at random, mutated. */
export function inheritGenome(
  genes: Float32Array,
  motherRow: number,
  fatherRow: number,
  childRow: number,
  streams: Uint32Array,
  from: Stream,
): void {
  for (let gene = 0; gene < GENE_COUNT; gene++) {
    const parent = nextWord(streams, from) < 0 ? motherRow : fatherRow;
    for (let cell = gene; cell < GENE_CELLS; cell += GENE_COUNT) {
      genes[childRow + cell] = genes[parent + cell] as number;
    }
    mutateGene(genes, childRow, gene, streams, from);
  }
}

function mutateGene(
  genes: Float32Array,
  row: number,
  gene: number,
  streams: Uint32Array,
  from: Stream,
): void {
  const rateCell = row + GENE_COUNT + gene;
  const strengthCell = rateCell + GENE_COUNT;
  const rate = genes[rateCell] as number;
  const strength = genes[strengthCell] as number;
  if (nextUnit(streams, from) < MUTATION_RATE * rate) {
    const spec = GENES[gene] as GeneSpec;
    const value = genes[row + gene] as number;
    const step =
      spec.type === "step"
        ? Math.floor(nextUnit(streams, from) * 3) - 1
        : nextGaussian(streams, from) * MUTATION_STRENGTH * strength * (spec.max - spec.min);
    storeGene(genes, row, gene, value + step);
  }
  mutateMeta(genes, rateCell, streams, from);
  mutateMeta(genes, strengthCell, streams, from);
}

function mutateMeta(genes: Float32Array, cell: number, streams: Uint32Array, from: Stream): void {
  if (nextUnit(streams, from) >= META_MUTATION_RATE) return;
  const drifted = (genes[cell] as number) + nextGaussian(streams, from) * META_MUTATION_SIGMA;
  genes[cell] = Math.min(META_HIGHEST, Math.max(META_LOWEST, drifted));
}

function storeGene(genes: Float32Array, row: number, gene: number, value: number): void {
  const wheel = (GENES[gene] as GeneSpec).type === "wheel";
  const turned = wheel ? value - Math.floor(value) : value;
  const low = LOWEST[gene] as number;
  const high = HIGHEST[gene] as number;
  genes[row + gene] = Math.min(high, Math.max(low, turned));
}

/** The name of the first cell of a foreign genome that is out of bounds, or undefined. */
export function faultOfGenome(genome: Float32Array): string | undefined {
  for (let gene = 0; gene < GENE_COUNT; gene++) {
    const spec = GENES[gene] as GeneSpec;
    const value = genome[gene] as number;
    const low = LOWEST[gene] as number;
    const high = HIGHEST[gene] as number;
    if (!(value >= low && value <= high)) return spec.name;
    if (spec.type === "step" && value !== Math.floor(value)) return spec.name;
    for (let cell = gene + GENE_COUNT; cell < GENE_CELLS; cell += GENE_COUNT) {
      const meta = genome[cell] as number;
      if (!(meta >= META_LOWEST && meta <= META_HIGHEST)) return `meta-gene of ${spec.name}`;
    }
  }
  return undefined;
}

/** What a genome makes of a fish; fixed for life. */
export interface Phenotype {
  /** Size when grown. */
  readonly girth: number;
  /** Top speed in px/tick. */
  readonly maxSpeed: number;
  /** Resting metabolism relative to a fish of mean build. */
  readonly metabolism: number;
  /** Factor on every range of sight. */
  readonly sight: number;
  /** Age in ticks at which it dies. */
  readonly lifespan: number;
}

/** Expresses the genome in the row that starts at cell `row` (TW core/genetics/expression.py). */
export function express(genes: Float32Array, row: number): Phenotype {
  const girth = genes[row + GENE.size] as number;
  const eye = genes[row + GENE.eye] as number;
  const pattern = genes[row + GENE.pattern] as number;
  const lifespan = genes[row + GENE.lifespan] as number;
  const speed = speedModifier(genes, row);
  const metabolism =
    1 + 0.5 * (girth - 1) + 0.8 * (speed - 1) + 0.3 * (eye - 1) + 0.3 * (pattern - 0.5);
  return {
    girth,
    maxSpeed: Math.min(SPEED_MAX, BASE_SPEED * speed),
    metabolism: Math.max(0.5, metabolism),
    sight: 0.75 + 0.25 * eye,
    lifespan: JUVENILE_TICKS + Math.floor(ADULT_TICKS * lifespan),
  };
}

function speedModifier(genes: Float32Array, row: number): number {
  const fin = genes[row + GENE.fin] as number;
  const tail = genes[row + GENE.tail] as number;
  const aspect = genes[row + GENE.aspect] as number;
  const template = TEMPLATE_SPEED[genes[row + GENE.template] as number] as number;
  const drag = 1 - 0.5 * Math.abs(aspect - 0.8);
  return Math.min(1.5, Math.max(0.5, template * (0.4 * fin + 0.6 * tail) * drag));
}
