import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  GENE,
  GENE_CELLS,
  GENE_COUNT,
  GENES,
  MATE_GENE,
  POKER_GENE,
  RATES_AT,
  STRENGTHS_AT,
  TRANSFERS_AT,
} from "../../src/sim/heredity/genes.ts";
import {
  drawGenome,
  faultOfGenome,
  inheritGenome,
  type Mutation,
} from "../../src/sim/heredity/genome.ts";
import { express } from "../../src/sim/heredity/phenotype.ts";
import { MUTATION } from "../../src/sim/model.ts";
import { STREAM, STREAM_WORDS, seedStreams } from "../../src/sim/state/rng.ts";

function streamsOf(seed: number): Uint32Array {
  const streams = new Uint32Array(STREAM_WORDS);
  seedStreams(streams, seed);
  return streams;
}

/** Both parents give the same share, the mother is the one with more energy. */
const PAIR = { mother: 0, father: GENE_CELLS, motherShare: 0.5, donor: 0 };
const ALONE = { mother: 0, father: 0, motherShare: 1, donor: 0 };

/** A genome of mean build: every gene in the middle or at 1, every meta-gene at 1. */
function plainGenome(): Float32Array {
  const genes = new Float32Array(GENE_CELLS).fill(1);
  genes[GENE.aspect] = 0.8;
  genes[GENE.pattern] = 0.5;
  genes[GENE.template] = 0;
  return genes;
}

test("the columns have the names that the table gives them", () => {
  const columns = [GENE, POKER_GENE, MATE_GENE].flatMap((genes) => Object.values<number>(genes));
  expect(columns).toEqual([...GENES.keys()]);
  expect(new Set(GENES.map((gene) => gene.name)).size).toBe(GENE_COUNT);
  expect(GENES[GENE.separation]?.name).toBe("separation_distance");
  expect(GENES[GENE.cruise]?.name).toBe("base_speed_multiplier");
  expect(GENES[POKER_GENE.learningRate]?.name).toBe("learning_rate");
  expect(GENES[MATE_GENE.pattern]?.name).toBe("mate_prefers_pattern");
});

test("no founder and no descendant leaves the bounds", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (seed) => {
      const streams = streamsOf(seed);
      const genes = new Float32Array(3 * GENE_CELLS);
      drawGenome(genes, 0, streams, STREAM.founding);
      drawGenome(genes, GENE_CELLS, streams, STREAM.founding);
      for (let generation = 0; generation < 300; generation++) {
        inheritGenome(genes, 2 * GENE_CELLS, PAIR, MUTATION, streams, STREAM.breeding);
        const child = genes.slice(2 * GENE_CELLS);
        expect(faultOfGenome(child)).toBeUndefined();
        genes.set(child, generation % 2 === 0 ? 0 : GENE_CELLS);
      }
    }),
    { numRuns: 40 },
  );
});

test("without mutation each gene and its meta-genes come from one parent, half from each", () => {
  const streams = streamsOf(1);
  const genes = new Float32Array(3 * GENE_CELLS);
  // Meta-genes of 0 turn mutation off; values tell the parents apart.
  genes.fill(0.6, 0, GENE_COUNT);
  genes.fill(0.9, GENE_CELLS, GENE_CELLS + GENE_COUNT);
  let fromMother = 0;
  for (let birth = 0; birth < 500; birth++) {
    inheritGenome(genes, 2 * GENE_CELLS, PAIR, MUTATION, streams, STREAM.breeding);
    for (const value of genes.subarray(2 * GENE_CELLS, 2 * GENE_CELLS + GENE_COUNT)) {
      expect([Math.fround(0.6), Math.fround(0.9)]).toContain(value);
      if (value === Math.fround(0.6)) fromMother += 1;
    }
  }
  expect(fromMother / (500 * GENE_COUNT)).toBeCloseTo(0.5, 1);
});

test("a higher mutation_rate changes more children, a higher strength changes them more", () => {
  const changed = (rate: number, strength: number) => {
    const streams = streamsOf(2);
    const genes = new Float32Array(2 * GENE_CELLS);
    genes.set(plainGenome());
    genes.fill(rate, RATES_AT, STRENGTHS_AT);
    genes.fill(strength, STRENGTHS_AT, TRANSFERS_AT);
    let [count, distance] = [0, 0];
    for (let birth = 0; birth < 2_000; birth++) {
      inheritGenome(genes, GENE_CELLS, ALONE, MUTATION, streams, STREAM.breeding);
      const off = Math.abs((genes[GENE_CELLS + GENE.fin] as number) - 1);
      if (off > 0) count += 1;
      distance += off;
    }
    return { share: count / 2_000, mean: distance / count };
  };
  expect(changed(1, 1).share).toBeCloseTo(0.15, 1);
  expect(changed(3, 1).share).toBeGreaterThan(2.5 * changed(1, 1).share);
  expect(changed(1, 0.4).mean).toBeLessThan(0.5 * changed(1, 1).mean);
});

test("the mean build has the reference's body", () => {
  const { maxSpeed, metabolism, ...rest } = express(plainGenome(), 0);
  expect(rest).toMatchObject({ girth: 1, sight: 1, lifespan: 2700 });
  // Genes are 32-bit floats: 0.8 is not quite 0.8.
  expect(maxSpeed).toBeCloseTo(2.2, 6);
  expect(metabolism).toBeCloseTo(1, 6);
});

test("speed follows fins, tail, drag and template, and is bounded", () => {
  const speedOf = (change: (genes: Float32Array) => void) => {
    const genes = plainGenome();
    change(genes);
    return express(genes, 0).maxSpeed / 2.2;
  };
  expect(speedOf((g) => g.fill(1.5, GENE.fin, GENE.fin + 1))).toBeCloseTo(1.2, 6);
  expect(speedOf((g) => g.fill(0.5, GENE.tail, GENE.tail + 1))).toBeCloseTo(0.7, 6);
  expect(speedOf((g) => g.fill(1.6, GENE.aspect, GENE.aspect + 1))).toBeCloseTo(0.6, 6);
  expect(speedOf((g) => g.fill(1, GENE.template, GENE.template + 1))).toBeCloseTo(1.2, 6);
  expect(speedOf((g) => g.fill(2, GENE.fin, GENE.tail + 1))).toBe(1.5);
});

/** Children of two parents whose genes have the given values, with hgt_probability as given. */
function childrenOf(transfer: number, donor: number): { fromMother: number; genes: Float32Array } {
  const streams = streamsOf(4);
  const genes = new Float32Array(3 * GENE_CELLS);
  for (const [parent, value] of [0.6, 0.9].entries()) {
    const row = parent * GENE_CELLS;
    genes.fill(value, row, row + GENE_COUNT);
    genes.fill(transfer, row + TRANSFERS_AT, row + GENE_CELLS);
  }
  let fromMother = 0;
  for (let birth = 0; birth < 200; birth++) {
    inheritGenome(genes, 2 * GENE_CELLS, { ...PAIR, donor }, MUTATION, streams, STREAM.breeding);
    const child = genes.subarray(2 * GENE_CELLS, 2 * GENE_CELLS + GENE_COUNT);
    fromMother += child.filter((value) => value === Math.fround(0.6)).length;
  }
  return { fromMother: fromMother / (200 * GENE_COUNT), genes };
}

test("horizontal transfer gives the donor's genes by the parents' mean probability", () => {
  expect(childrenOf(0, 0).fromMother).toBeCloseTo(0.5, 1);
  expect(childrenOf(0.5, 0).fromMother).toBeCloseTo(0.75, 1);
  expect(childrenOf(0.5, GENE_CELLS).fromMother).toBeCloseTo(0.25, 1);
  expect(childrenOf(1, GENE_CELLS).fromMother).toBe(0);
});

test("a winner may give more than half of the genes", () => {
  const streams = streamsOf(6);
  const genes = new Float32Array(3 * GENE_CELLS);
  genes.fill(0.6, 0, GENE_COUNT);
  genes.fill(0.9, GENE_CELLS, GENE_CELLS + GENE_COUNT);
  let fromMother = 0;
  for (let birth = 0; birth < 200; birth++) {
    const parents = { ...PAIR, motherShare: 0.7 };
    inheritGenome(genes, 2 * GENE_CELLS, parents, MUTATION, streams, STREAM.breeding);
    for (const value of genes.subarray(2 * GENE_CELLS, 2 * GENE_CELLS + GENE_COUNT)) {
      if (value === Math.fround(0.6)) fromMother += 1;
    }
  }
  expect(fromMother / (200 * GENE_COUNT)).toBeCloseTo(0.7, 1);
});

test("choices switch to any other way with 8 % times mutation_rate, twice that in danger", () => {
  const switched = (mutation: Mutation) => {
    const streams = streamsOf(5);
    const genes = new Float32Array(2 * GENE_CELLS);
    genes.set(plainGenome());
    genes.fill(1, RATES_AT, TRANSFERS_AT);
    const ways = new Map<number, number>();
    for (let birth = 0; birth < 4_000; birth++) {
      inheritGenome(genes, GENE_CELLS, ALONE, mutation, streams, STREAM.breeding);
      const way = genes[GENE_CELLS + GENE.foodWay] as number;
      ways.set(way, (ways.get(way) ?? 0) + 1);
    }
    return { kinds: ways.size, share: 1 - (ways.get(1) ?? 0) / 4_000 };
  };
  const calm = switched(MUTATION);
  expect(calm.kinds).toBe(6);
  expect(Math.abs(calm.share - 0.08)).toBeLessThan(0.015);
  expect(Math.abs(switched({ ...MUTATION, switching: 0.16 }).share - 0.16)).toBeLessThan(0.02);
});
