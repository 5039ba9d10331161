import { PLANT_MUTATION_RATE, PLANT_MUTATION_STRENGTH } from "../habitat/habitat-model.ts";
import { nextGaussian, nextReal, nextUnit, type Stream } from "../state/rng.ts";
import { AXIOMS, RULES } from "./rewrite-rules.ts";

interface PlantGene {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /**
   * real: clamped. choice: a whole number that is drawn anew. count: one that changes by one.
   * wheel: [0, 1) in a circle.
   */
  readonly type: "real" | "choice" | "count" | "wheel";
}

function real(name: string, min: number, max: number): PlantGene {
  return { name, min, max, type: "real" };
}

function choice(name: string, options: number): PlantGene {
  return { name, min: 0, max: options - 1, type: "choice" };
}

function wheel(name: string): PlantGene {
  return { name, min: 0, max: 1, type: "wheel" };
}

/** Forms that a flower can take; drawing them is the viewer's matter. */
export const FLORAL_TYPES = ["rose", "star", "bell", "spiral", "lotus", "dahlia"] as const;

/** Every gene with its bounds (TW core/plant, core/genetics/plant). The order is the wire's. */
export const PLANT_GENES: readonly PlantGene[] = [
  choice("axiom", AXIOMS.length),
  real("angle", 15, 45),
  real("length_ratio", 0.5, 0.85),
  real("branch_probability", 0.6, 1),
  choice("rule_1", RULES.length),
  real("weight_1", 0.05, 1),
  choice("rule_2", RULES.length),
  real("weight_2", 0.05, 1),
  choice("rule_3", RULES.length),
  real("weight_3", 0.05, 1),
  wheel("stem_hue"),
  real("growth_efficiency", 0.6, 1.4),
  real("base_rate", 0.08, 0.24),
  choice("floral_type", FLORAL_TYPES.length),
  { name: "petals", min: 3, max: 12, type: "count" },
  { name: "layers", min: 1, max: 5, type: "count" },
  real("spin", -1, 1),
  wheel("floral_hue"),
];

/** Column of each gene in a row of the plants' genome matrix. */
export const PLANT_GENE = {
  axiom: 0,
  angle: 1,
  lengthRatio: 2,
  branch: 3,
  /** Three pairs of rule and weight from here. */
  rules: 4,
  hue: 10,
  efficiency: 11,
  rate: 12,
  floralType: 13,
  petals: 14,
  layers: 15,
  spin: 16,
  floralHue: 17,
} as const;

export const PLANT_GENE_COUNT = 18;

/** Largest 32-bit float below 1, the end of the colour wheel. */
const WHEEL_MAX = 1 - 1 / 0x100_0000;
const LOWEST = Float32Array.from(PLANT_GENES, (gene) => gene.min);
const HIGHEST = Float32Array.from(PLANT_GENES, (gene) =>
  gene.type === "wheel" ? WHEEL_MAX : gene.max,
);

/** Writes a founder's genome into the row that starts at cell `row`. */
export function drawPlantGenome(
  genes: Float32Array,
  row: number,
  streams: Uint32Array,
  from: Stream,
): void {
  for (const gene of PLANT_GENES.keys()) {
    storeGene(genes, row, gene, drawGene(gene, streams, from));
  }
}

/** Writes a sprout's genome: its parent's, each gene mutated with the same probability. */
export function inheritPlantGenome(
  genes: Float32Array,
  parentRow: number,
  row: number,
  streams: Uint32Array,
  from: Stream,
): void {
  for (const [gene, spec] of PLANT_GENES.entries()) {
    const value = genes[parentRow + gene];
    const mutates = nextUnit(streams, from) < PLANT_MUTATION_RATE;
    storeGene(genes, row, gene, mutates ? mutated(spec, gene, value, streams, from) : value);
  }
}

function mutated(
  spec: PlantGene,
  gene: number,
  value: number,
  streams: Uint32Array,
  from: Stream,
): number {
  if (spec.type === "choice") return drawGene(gene, streams, from);
  if (spec.type === "count") return value + (nextUnit(streams, from) < 0.5 ? -1 : 1);
  const step = nextGaussian(streams, from) * PLANT_MUTATION_STRENGTH;
  return value + step * (spec.max - spec.min);
}

function drawGene(gene: number, streams: Uint32Array, from: Stream): number {
  const { min, max, type } = PLANT_GENES[gene];
  const whole = type === "choice" || type === "count";
  const drawn = nextReal(streams, from, min, whole ? max + 1 : max);
  return whole ? Math.floor(drawn) : drawn;
}

function storeGene(genes: Float32Array, row: number, gene: number, value: number): void {
  const wheel = PLANT_GENES[gene]?.type === "wheel";
  const turned = wheel ? value - Math.floor(value) : value;
  genes[row + gene] = Math.min(HIGHEST[gene], Math.max(LOWEST[gene], turned));
}

/** The name of the first gene of a foreign genome that is out of bounds, or undefined. */
export function faultOfPlantGenome(genome: Float32Array): string | undefined {
  for (const [gene, { name, type }] of PLANT_GENES.entries()) {
    const value = genome[gene];
    if (!(value >= LOWEST[gene] && value <= HIGHEST[gene])) return name;
    const whole = type === "choice" || type === "count";
    if (whole && value !== Math.floor(value)) return name;
  }
  return undefined;
}
