import { capacityAt } from "../life/metabolism.ts";
import { LEFT, marginsOf, TOP } from "../life/motion.ts";
import { BIRTH_JITTER, type Origin } from "../model.ts";
import { inheritLearning } from "../poker/learning.ts";
import type { Counters } from "../state/counters.ts";
import { NOBODY } from "../state/ids.ts";
import { enterNewborn, genomeOf, idOf, nextGenome } from "../state/population.ts";
import { nextReal, STREAM } from "../state/rng.ts";
import type { Tank } from "../state/tank.ts";
import { isRare, mutationIn } from "./diversity.ts";
import { GENE } from "./genes.ts";
import { inheritGenome } from "./genome.ts";

/** Size of a newborn relative to its grown size is one half: see metabolism.ts. */
const NEWBORN_AGE = 0;

/** The ways in which fish are born to parents, and the counter of each. */
const BIRTH_COUNTERS = {
  sexual: "bornSexual",
  asexual: "bornAsexual",
  banked: "bornBanked",
  poker: "bornPoker",
} as const satisfies Partial<Record<Origin, keyof Counters>>;

export interface Birth {
  readonly origin: keyof typeof BIRTH_COUNTERS;
  readonly mother: number;
  /** The same row as the mother for a child of one. */
  readonly father: number;
  /** Probability of a gene to come from the mother. */
  readonly motherShare: number;
  /** What the parents have paid for it: the child gets it all. */
  readonly energy: number;
}

/** Bears a child; there must be room. Returns its row. */
export function bear(tank: Tank, birth: Birth): number {
  const { mother, father, origin } = birth;
  const child = inherit(tank, birth);
  const { fish, bodies, counters } = tank;
  const alone = mother === father;
  const parents = alone ? [mother] : [mother, father];
  for (const parent of parents) fish.offspring[parent] = fish.offspring[parent] + 1;
  const older = Math.max(fish.generation[mother], fish.generation[father]);
  const { right, bottom } = marginsOf(tank.width, tank.height);
  const capacity = capacityAt(NEWBORN_AGE, bodies.genes[child + GENE.size]);
  const newborn = {
    x: placeNear(tank, (fish.x[mother] + fish.x[father]) / 2, LEFT, right),
    y: placeNear(tank, (fish.y[mother] + fish.y[father]) / 2, TOP, bottom),
    energy: Math.min(birth.energy, capacity),
    bank: Math.max(0, birth.energy - capacity),
    age: NEWBORN_AGE,
    generation: older + 1,
    origin,
    mother: idOf(tank, mother),
    father: alone ? NOBODY : idOf(tank, father),
  };
  counters.born += 1;
  counters[BIRTH_COUNTERS[origin]] += 1;
  const row = enterNewborn(tank, newborn, STREAM.breeding);
  const body = fish.body;
  inheritLearning(bodies.regrets, bodies.visits, body[mother], body[father], body[row]);
  return row;
}

/** Writes the child's genome and returns its first cell. */
function inherit(tank: Tank, { mother, father, motherShare }: Birth): number {
  const { fish, bodies, arena } = tank;
  const richer = fish.energy[mother] >= fish.energy[father];
  const parents = {
    mother: genomeOf(tank, mother),
    father: genomeOf(tank, father),
    motherShare,
    donor: genomeOf(tank, richer ? mother : father),
  };
  const child = nextGenome(tank);
  const mutation = mutationIn(tank, isRare(tank, mother));
  inheritGenome(bodies.genes, child, parents, mutation, arena.streams, STREAM.breeding);
  return child;
}

function placeNear(tank: Tank, middle: number, low: number, high: number): number {
  const jitter = nextReal(tank.arena.streams, STREAM.breeding, -BIRTH_JITTER, BIRTH_JITTER);
  return Math.min(high, Math.max(low, middle + jitter));
}
