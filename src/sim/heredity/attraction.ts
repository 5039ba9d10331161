import { GENE, MATE_GENE } from "./genes.ts";

const { weightSize, weightShape, weightEye, weightLifespan } = MATE_GENE;
const { weightHue, weightPattern, weightEnergy } = MATE_GENE;

/** Range of the physical genes that a taste is about. */
const RANGE = 1.5;

/**
 * How much the fish whose genome begins at cell `judge` likes another one with that share of its
 * capacity: each weight times the nearness of a trait to what is preferred, from 0 to 7.
 */
export function attraction(
  genes: Float32Array,
  judge: number,
  other: number,
  hunger: number,
): number {
  const shape =
    (nearness(genes, judge + MATE_GENE.fin, other + GENE.fin) +
      nearness(genes, judge + MATE_GENE.tail, other + GENE.tail) +
      nearness(genes, judge + MATE_GENE.aspect, other + GENE.aspect)) /
    3;
  const pattern = Math.abs(difference(genes, judge + MATE_GENE.pattern, other + GENE.pattern));
  return (
    genes[judge + weightSize] * nearness(genes, judge + MATE_GENE.size, other + GENE.size) +
    genes[judge + weightShape] * shape +
    genes[judge + weightEye] * nearness(genes, judge + MATE_GENE.eye, other + GENE.eye) +
    genes[judge + weightLifespan] *
      nearness(genes, judge + MATE_GENE.lifespan, other + GENE.lifespan) +
    genes[judge + weightHue] * hueNearness(genes, judge, other) +
    genes[judge + weightPattern] * (1 - pattern) +
    genes[judge + weightEnergy] * Math.min(1, hunger)
  );
}

function nearness(genes: Float32Array, preferred: number, actual: number): number {
  return 1 - Math.abs(difference(genes, preferred, actual)) / RANGE;
}

/** 1 for the preferred hue, 0 for the one opposite on the wheel. */
function hueNearness(genes: Float32Array, judge: number, other: number): number {
  const apart = Math.abs(difference(genes, judge + MATE_GENE.hue, other + GENE.hue));
  return 1 - 2 * Math.min(apart, 1 - apart);
}

function difference(genes: Float32Array, left: number, right: number): number {
  return genes[left] - genes[right];
}
