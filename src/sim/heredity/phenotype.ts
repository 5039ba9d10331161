import { nicheOf } from "../behaviour/ways.ts";
import { ADULT_TICKS, BASE_SPEED, JUVENILE_TICKS, SPEED_MAX } from "../model.ts";
import { GENE } from "./genes.ts";

/** Speed bonus of each body template (TW core/genetics/expression.py). */
const TEMPLATE_SPEED = Float64Array.of(1.0, 1.2, 0.8, 1.0, 0.9, 1.1);

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
  /** Its four ways of behaviour as one number. */
  readonly niche: number;
}

/** Expresses the genome in the row that starts at cell `row` (TW core/genetics/expression.py). */
export function express(genes: Float32Array, row: number): Phenotype {
  const girth = genes[row + GENE.size];
  const eye = genes[row + GENE.eye];
  const pattern = genes[row + GENE.pattern];
  const lifespan = genes[row + GENE.lifespan];
  const speed = speedModifier(genes, row);
  const metabolism =
    1 + 0.5 * (girth - 1) + 0.8 * (speed - 1) + 0.3 * (eye - 1) + 0.3 * (pattern - 0.5);
  return {
    girth,
    maxSpeed: Math.min(SPEED_MAX, BASE_SPEED * speed),
    metabolism: Math.max(0.5, metabolism),
    sight: 0.75 + 0.25 * eye,
    lifespan: JUVENILE_TICKS + Math.floor(ADULT_TICKS * lifespan),
    niche: nicheOf(genes, row),
  };
}

function speedModifier(genes: Float32Array, row: number): number {
  const fin = genes[row + GENE.fin];
  const tail = genes[row + GENE.tail];
  const aspect = genes[row + GENE.aspect];
  const template = TEMPLATE_SPEED[genes[row + GENE.template]];
  const drag = 1 - 0.5 * Math.abs(aspect - 0.8);
  return Math.min(1.5, Math.max(0.5, template * (0.4 * fin + 0.6 * tail) * drag));
}
