import {
  META_FOUNDER_MAX,
  META_FOUNDER_MIN,
  META_MAX,
  META_MIN,
  META_MUTATION_RATE,
  META_MUTATION_SIGMA,
  TRANSFER_FOUNDER_MAX,
  TRANSFER_MUTATION_RATE,
} from "../model.ts";
import { nextGaussian, nextInteger, nextReal, nextUnit, type Stream } from "../state/rng.ts";
import {
  GENE_CELLS,
  GENE_COUNT,
  GENES,
  type GeneSpec,
  RATES_AT,
  STRENGTHS_AT,
  TRANSFERS_AT,
} from "./genes.ts";

/** Largest 32-bit float below 1, the end of the colour wheel. */
const WHEEL_MAX = 1 - 1 / 0x100_0000;
/** Bounds as the 32-bit floats that genes are kept in, so that a stored gene never exceeds them. */
const LOWEST = Float32Array.from(GENES, (gene) => gene.min);
const HIGHEST = Float32Array.from(GENES, (gene) => (gene.type === "wheel" ? WHEEL_MAX : gene.max));
const META_LOWEST = Math.fround(META_MIN);
const META_HIGHEST = Math.fround(META_MAX);

/** How strongly genes mutate at a birth. */
export interface Mutation {
  /** Probability per gene, before its mutation_rate. */
  readonly rate: number;
  /** Standard deviation as a share of the gene's range, before its mutation_strength. */
  readonly strength: number;
  /** Probability with which a choice changes, before its mutation_rate. */
  readonly switching: number;
}

/** Who a child's genes come from, each by the first cell of its row. */
export interface Parents {
  readonly mother: number;
  readonly father: number;
  /** Probability of a gene to come from the mother. */
  readonly motherShare: number;
  /** The parent with more energy, from whom genes are transferred horizontally. */
  readonly donor: number;
}

/** Writes a founder's genome into the row that starts at cell `row`. */
export function drawGenome(genes: Float32Array, row: number, streams: Uint32Array, from: Stream) {
  for (const [gene, spec] of GENES.entries()) {
    const drawn = nextReal(streams, from, spec.founders[0], spec.founders[1]);
    storeGene(genes, row, gene, isWhole(spec) ? Math.floor(drawn) : drawn);
    const rate = nextReal(streams, from, META_FOUNDER_MIN, META_FOUNDER_MAX);
    const strength = nextReal(streams, from, META_FOUNDER_MIN, META_FOUNDER_MAX);
    genes[row + RATES_AT + gene] = rate;
    genes[row + STRENGTHS_AT + gene] = strength;
    genes[row + TRANSFERS_AT + gene] = nextReal(streams, from, 0, TRANSFER_FOUNDER_MAX);
  }
}

/**
 * Writes a child's genome: each gene with its meta-genes from one of the parents, the value perhaps
 * replaced by the donor's (horizontal transfer), then mutated.
 */
export function inheritGenome(
  genes: Float32Array,
  child: number,
  parents: Parents,
  mutation: Mutation,
  streams: Uint32Array,
  from: Stream,
): void {
  const { mother, father, motherShare, donor } = parents;
  for (let gene = 0; gene < GENE_COUNT; gene++) {
    const parent = nextUnit(streams, from) < motherShare ? mother : father;
    for (let cell = gene; cell < GENE_CELLS; cell += GENE_COUNT) {
      genes[child + cell] = genes[parent + cell];
    }
    if (mother !== father) {
      const cell = TRANSFERS_AT + gene;
      const chance = (genes[mother + cell] + genes[father + cell]) / 2;
      if (nextUnit(streams, from) < chance) genes[child + gene] = genes[donor + gene];
    }
    mutateGene(genes, child, gene, mutation, streams, from);
    mutateMetaGenes(genes, child, gene, streams, from);
  }
}

function mutateGene(
  genes: Float32Array,
  row: number,
  gene: number,
  mutation: Mutation,
  streams: Uint32Array,
  from: Stream,
): void {
  const spec = GENES[gene];
  const base = spec.type === "choice" ? mutation.switching : mutation.rate;
  if (nextUnit(streams, from) >= base * genes[row + RATES_AT + gene]) return;
  const value = genes[row + gene];
  if (spec.type === "choice") {
    const turn = 1 + nextInteger(streams, from, spec.max);
    storeGene(genes, row, gene, (value + turn) % (spec.max + 1));
  } else if (spec.type === "step") {
    storeGene(genes, row, gene, value + nextInteger(streams, from, 3) - 1);
  } else {
    const strength = mutation.strength * genes[row + STRENGTHS_AT + gene];
    const step = nextGaussian(streams, from) * strength * (spec.max - spec.min);
    storeGene(genes, row, gene, value + step);
  }
}

function mutateMetaGenes(
  genes: Float32Array,
  row: number,
  gene: number,
  streams: Uint32Array,
  from: Stream,
): void {
  const rate = row + RATES_AT + gene;
  const strength = row + STRENGTHS_AT + gene;
  const transfer = row + TRANSFERS_AT + gene;
  drift(genes, rate, META_MUTATION_RATE, META_LOWEST, META_HIGHEST, streams, from);
  drift(genes, strength, META_MUTATION_RATE, META_LOWEST, META_HIGHEST, streams, from);
  drift(genes, transfer, TRANSFER_MUTATION_RATE, 0, 1, streams, from);
}

function drift(
  genes: Float32Array,
  cell: number,
  chance: number,
  low: number,
  high: number,
  streams: Uint32Array,
  from: Stream,
): void {
  if (nextUnit(streams, from) >= chance) return;
  const drifted = genes[cell] + nextGaussian(streams, from) * META_MUTATION_SIGMA;
  genes[cell] = Math.min(high, Math.max(low, drifted));
}

function storeGene(genes: Float32Array, row: number, gene: number, value: number): void {
  const wheel = GENES[gene].type === "wheel";
  const turned = wheel ? value - Math.floor(value) : value;
  const low = LOWEST[gene];
  const high = HIGHEST[gene];
  genes[row + gene] = Math.min(high, Math.max(low, turned));
}

function isWhole(spec: GeneSpec): boolean {
  return spec.type === "step" || spec.type === "choice";
}

/** The name of the first cell of a foreign genome that is out of bounds, or undefined. */
export function faultOfGenome(genome: Float32Array): string | undefined {
  for (let gene = 0; gene < GENE_COUNT; gene++) {
    const spec = GENES[gene];
    const value = genome[gene];
    const low = LOWEST[gene];
    const high = HIGHEST[gene];
    if (!(value >= low && value <= high)) return spec.name;
    if (isWhole(spec) && value !== Math.floor(value)) return spec.name;
    const rate = genome[RATES_AT + gene];
    const strength = genome[STRENGTHS_AT + gene];
    const transfer = genome[TRANSFERS_AT + gene];
    const meta = `meta-gene of ${spec.name}`;
    if (!(rate >= META_LOWEST && rate <= META_HIGHEST)) return meta;
    if (!(strength >= META_LOWEST && strength <= META_HIGHEST)) return meta;
    if (!(transfer >= 0 && transfer <= 1)) return meta;
  }
  return undefined;
}
