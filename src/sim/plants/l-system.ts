import { cosineOfTurn, sineOfTurn } from "../approximations.ts";
import { diceUnit, rollDice } from "../state/rng.ts";
import { PLANT_GENE } from "./plant-genome.ts";
import { AXIOMS, RULES } from "./rewrite-rules.ts";

/**
 * Plants as Lindenmayer systems (Prusinkiewicz & Lindenmayer 1990, The Algorithmic Beauty of
 * Plants, §1.6): F draws a stem, + and − turn, [ and ] open and close a branch. Stems are rewritten
 * 1–3 times, each by one of three weighted rules that the genome names. It happens for views only,
 * never in a tick, and from a plant's own dice: the same plant always looks the same.
 */
/** One straight stem. The foot of the plant is 0, 0; y grows upwards; the plant is 1 high. */
export interface Segment {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  /** Branches between it and the main stem. */
  readonly depth: number;
}

/** Stems beyond this are not drawn: a bound on the work that a genome can cause. */
const SEGMENTS_MAX = 600;
export const ITERATIONS_MAX = 3;

/** Rewrites per size: a third of the way each. */
export function iterationsAt(size: number): number {
  return Math.min(ITERATIONS_MAX, Math.max(1, Math.floor(size * ITERATIONS_MAX + 0.5)));
}

/**
 * The drawing of a plant: its genome (PLANT_GENE_COUNT cells from `row`), its dice, 1–3 rewrites.
 */
export function segmentsOf(
  genes: Float32Array,
  row: number,
  dice: number,
  iterations: number,
): Segment[] {
  const word = expand(genes, row, dice, iterations);
  const raw = draw(word, genes, row, rollDice(dice ^ 0x5bd1_e995));
  return scaleToOne(raw);
}

function expand(genes: Float32Array, row: number, dice: number, iterations: number): string {
  let word: string = AXIOMS[genes[row + PLANT_GENE.axiom]] ?? AXIOMS[0];
  let state = dice;
  for (let i = 0; i < iterations; i++) {
    let next = "";
    let stems = 0;
    for (const letter of word) {
      if (letter !== "F" || stems >= SEGMENTS_MAX) {
        next += letter;
        continue;
      }
      state = rollDice(state);
      const rule = ruleFor(genes, row, diceUnit(state));
      stems += rule.split("F").length - 1;
      next += rule;
    }
    word = next;
  }
  return word;
}

/** One of the three rules, by their weights. */
function ruleFor(genes: Float32Array, row: number, drawn: number): string {
  const at = row + PLANT_GENE.rules;
  const weights = [1, 3, 5].map((offset) => genes[at + offset]);
  let left = drawn * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return RULES[genes[at + 2 * index]] ?? RULES[0];
  }
  return RULES[genes[at + 4]] ?? RULES[0];
}

interface Pen {
  x: number;
  y: number;
  /** Turns from upright, clockwise. */
  turn: number;
  length: number;
  depth: number;
}

/** Walks the word. A branch is left out with probability 1 − branch_probability. */
function draw(word: string, genes: Float32Array, row: number, dice: number): Segment[] {
  const angle = genes[row + PLANT_GENE.angle] / 360;
  const ratio = genes[row + PLANT_GENE.lengthRatio];
  const branch = genes[row + PLANT_GENE.branch];
  const segments: Segment[] = [];
  const stack: Pen[] = [];
  let pen: Pen = { x: 0, y: 0, turn: 0, length: 1, depth: 0 };
  let state = dice;
  let skipped = 0;
  for (const letter of word) {
    if (skipped > 0) {
      skipped += letter === "[" ? 1 : letter === "]" ? -1 : 0;
      continue;
    }
    if (letter === "[") {
      state = rollDice(state);
      if (diceUnit(state) >= branch) skipped = 1;
      else {
        stack.push(pen);
        pen = { ...pen, length: pen.length * ratio, depth: pen.depth + 1 };
      }
    } else if (letter === "]") pen = stack.pop() ?? pen;
    else if (letter === "+") pen = { ...pen, turn: pen.turn + angle };
    else if (letter === "-") pen = { ...pen, turn: pen.turn - angle };
    else if (segments.length < SEGMENTS_MAX) {
      const x2 = pen.x + pen.length * sineOfTurn(pen.turn);
      const y2 = pen.y + pen.length * cosineOfTurn(pen.turn);
      segments.push({ x1: pen.x, y1: pen.y, x2, y2, depth: pen.depth });
      pen = { ...pen, x: x2, y: y2 };
    }
  }
  return segments;
}

function scaleToOne(segments: readonly Segment[]): Segment[] {
  const height = segments.reduce((max, { y2 }) => Math.max(max, y2), 0);
  const scale = height > 0 ? 1 / height : 1;
  return segments.map(({ x1, y1, x2, y2, depth }) => ({
    x1: x1 * scale,
    y1: y1 * scale,
    x2: x2 * scale,
    y2: y2 * scale,
    depth,
  }));
}
