import { FOOD_WAY, POKER_WAY, SOCIAL_WAY, THREAT_WAY } from "../src/sim/behaviour/ways.ts";
import { GENES } from "../src/sim/heredity/genes.ts";

/** Names of the ways that a gene chooses from, where they have any. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  threat_response: Object.keys(THREAT_WAY),
  food_approach: Object.keys(FOOD_WAY),
  poker_engagement: Object.keys(POKER_WAY),
  social_mode: Object.keys(SOCIAL_WAY),
};

/** A number that a population has by its genes: a gene's mean, or the share that lives one way. */
export interface Trait {
  readonly name: string;
  readonly gene: number;
  /** The way whose share is meant, of a gene that chooses. */
  readonly way: number | undefined;
  readonly min: number;
  readonly max: number;
}

/** All of them but hues, of which there is no mean. */
export const TRAITS: readonly Trait[] = GENES.flatMap((spec, gene): Trait[] => {
  const { name, min, max, type } = spec;
  if (type === "wheel") return [];
  if (type !== "choice") return [{ name, gene, way: undefined, min, max }];
  return Array.from({ length: max + 1 }, (_, way) => ({
    name: `${name} = ${WAYS[name]?.[way] ?? way}`,
    gene,
    way,
    min: 0,
    max: 1,
  }));
});

/** Each trait of the genomes that begin at these cells. */
export function traitsOf(genes: Float32Array, genomes: readonly number[]): Float64Array {
  return Float64Array.from(TRAITS, ({ gene, way }) => {
    let sum = 0;
    for (const genome of genomes) {
      const value = genes[genome + gene] as number;
      sum += way === undefined ? value : value === way ? 1 : 0;
    }
    return sum / genomes.length;
  });
}
