import { expect, test } from "bun:test";
import fc from "fast-check";
import { plantLooksOf, plantsOf } from "../../../src/sim/index.ts";
import { iterationsAt, segmentsOf } from "../../../src/sim/plants/l-system.ts";
import {
  drawPlantGenome,
  faultOfPlantGenome,
  inheritPlantGenome,
  PLANT_GENE,
  PLANT_GENE_COUNT,
  PLANT_GENES,
} from "../../../src/sim/plants/plant-genome.ts";
import { AXIOMS, RULES } from "../../../src/sim/plants/rewrite-rules.ts";
import { STREAM, STREAM_WORDS, seedStreams } from "../../../src/sim/state/rng.ts";
import { tankOf } from "../scripts.ts";

function streamsOf(seed: number): Uint32Array {
  const streams = new Uint32Array(STREAM_WORDS);
  seedStreams(streams, seed);
  return streams;
}

function genomeOf(seed: number): Float32Array {
  const genes = new Float32Array(PLANT_GENE_COUNT);
  drawPlantGenome(genes, 0, streamsOf(seed), STREAM.plants);
  return genes;
}

/** A plant of one rule that always branches. */
function plain(axiom: (typeof AXIOMS)[number], rule: (typeof RULES)[number]): Float32Array {
  const genes = genomeOf(1);
  genes[PLANT_GENE.axiom] = AXIOMS.indexOf(axiom);
  for (const offset of [0, 2, 4]) {
    genes[PLANT_GENE.rules + offset] = RULES.indexOf(rule);
  }
  genes[PLANT_GENE.branch] = 1;
  genes[PLANT_GENE.angle] = 30;
  genes[PLANT_GENE.lengthRatio] = 0.5;
  return genes;
}

test("genes have the columns that their names say", () => {
  expect(PLANT_GENES.length).toBe(PLANT_GENE_COUNT);
  expect(PLANT_GENES[PLANT_GENE.efficiency]?.name).toBe("growth_efficiency");
  expect(PLANT_GENES[PLANT_GENE.rate]?.name).toBe("base_rate");
  expect(PLANT_GENES[PLANT_GENE.rules]?.name).toBe("rule_1");
  expect(PLANT_GENES[PLANT_GENE.floralHue]?.name).toBe("floral_hue");
});

test("no founder and no descendant leaves the bounds, and every gene changes sometimes", () => {
  const streams = streamsOf(7);
  const changed = new Set<number>();
  const genes = new Float32Array(2 * PLANT_GENE_COUNT);
  drawPlantGenome(genes, 0, streams, STREAM.plants);
  for (let generation = 0; generation < 3_000; generation++) {
    const from = (generation % 2) * PLANT_GENE_COUNT;
    const to = PLANT_GENE_COUNT - from;
    inheritPlantGenome(genes, from, to, streams, STREAM.plants);
    expect(faultOfPlantGenome(genes.slice(to, to + PLANT_GENE_COUNT))).toBeUndefined();
    for (let gene = 0; gene < PLANT_GENE_COUNT; gene++) {
      if (genes[from + gene] !== genes[to + gene]) changed.add(gene);
    }
  }
  expect(changed.size).toBe(PLANT_GENE_COUNT);
});

test("a gene out of bounds is named", () => {
  for (const [gene, { name, min, max }] of PLANT_GENES.entries()) {
    for (const wrong of [min - 0.5, max + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const genes = genomeOf(3);
      genes[gene] = wrong;
      expect(faultOfPlantGenome(genes)).toBe(name);
    }
  }
});

test("half an axiom, rule or petal is none", () => {
  for (const [gene, { name, min, type }] of PLANT_GENES.entries()) {
    if (type !== "choice" && type !== "count") continue;
    const genes = genomeOf(3);
    genes[gene] = min + 0.5;
    expect(faultOfPlantGenome(genes)).toBe(name);
  }
});

test("F becomes its rule: stems, branches and turns as the letters say", () => {
  const [stem, left, ...rest] = segmentsOf(plain("F", "F[+F]F"), 0, 5, 1);
  expect(rest.length).toBe(1);
  expect(stem).toMatchObject({ x1: 0, y1: 0, x2: 0, y2: 0.5, depth: 0 });
  // The branch is half as long and leans by 30 degrees to the right.
  expect(left).toMatchObject({ x1: 0, y1: 0.5, depth: 1 });
  expect(left?.x2).toBeCloseTo(0.25 * 0.5, 2);
  expect(left?.y2).toBeCloseTo(0.5 + 0.25 * Math.sqrt(0.75), 2);
  expect(rest[0]).toMatchObject({ x1: 0, y1: 0.5, x2: 0, y2: 1, depth: 0 });
  expect(segmentsOf(plain("F", "FF"), 0, 5, 3).length).toBe(8);
});

test("without branching only the main stem remains", () => {
  const genes = plain("F", "F[+F]F");
  genes[PLANT_GENE.branch] = 0;
  expect(segmentsOf(genes, 0, 5, 2).every(({ depth }) => depth === 0)).toBe(true);
});

test("every genome gives a plant of bounded size, the same each time", () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.nat(),
      fc.integer({ min: 1, max: 3 }),
      (seed, dice, rewrites) => {
        const segments = segmentsOf(genomeOf(seed), 0, dice, rewrites);
        expect(segments).toEqual(segmentsOf(genomeOf(seed), 0, dice, rewrites));
        expect(segments.length).toBeGreaterThan(0);
        expect(segments.length).toBeLessThanOrEqual(600);
        for (const { x1, y1, x2, y2 } of segments) {
          expect([x1, y1, x2, y2].every(Number.isFinite)).toBe(true);
          expect(y2).toBeLessThanOrEqual(1 + 1e-9);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("plants are rewritten more often as they grow", () => {
  expect([0.3, 0.45, 0.6, 0.84, 1].map(iterationsAt)).toEqual([1, 1, 2, 3, 3]);
});

test("a plant is shown by its id, with as many drawings as it has rewrites", () => {
  const tank = tankOf(4, 10);
  const [plant] = plantsOf(tank);
  const looks = plantLooksOf(tank, plant?.plant_id ?? "");
  expect(looks?.stems.length).toBe(3);
  expect(looks).toEqual(plantLooksOf(tank, plant?.plant_id ?? ""));
  expect(plantLooksOf(tank, "nobody")).toBeUndefined();
});
