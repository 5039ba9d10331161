import { CRAB_WOUND_TICKS } from "../habitat/habitat-model.ts";
import { countNiches, mutationIn, nicheShare } from "../heredity/diversity.ts";
import { GENE } from "../heredity/genes.ts";
import { drawGenome, inheritGenome } from "../heredity/genome.ts";
import {
  EMERGENCY_CERTAIN,
  EMERGENCY_CHANCE,
  EMERGENCY_ENERGY_WEIGHT,
  EMERGENCY_INTERVAL_TICKS,
  EMERGENCY_MARGIN,
  EMERGENCY_RARITY_WEIGHT,
  EMERGENCY_SPAN,
  FOUNDER_AGE_TICKS,
  FOUNDER_ENERGY_RATIO,
  type Origin,
} from "../model.ts";
import { book, CAUSE } from "../state/energy-ledger.ts";
import { NOBODY } from "../state/ids.ts";
import { enterNewborn, genomeOf, idOf, nextGenome, sweepFish } from "../state/population.ts";
import { nextReal, nextUnit, STREAM, type Stream } from "../state/rng.ts";
import type { Tank } from "../state/tank.ts";
import { capacityAt } from "./metabolism.ts";
import { LEFT, marginsOf, TOP } from "./motion.ts";

/**
 * Fish without energy have starved, fish at the end of their lifespan die of old age. A crab's
 * victim, and who starves soon after touching one, count as prey (TW core/entities/predators.py).
 */
export function buryDead(tank: Tank): void {
  const { counters, fish, scratch } = tank;
  const starved = markDead(counters.fish, fish.energy, fish.age, fish.lifespan, scratch.fishMarks);
  const before = counters.fish;
  const eaten = countPrey(before, fish.energy, fish.age, fish.crabbedAt, scratch.slain);
  bookEstates(tank);
  sweepFish(tank);
  counters.eaten += eaten;
  counters.starved += starved - eaten;
  counters.aged += before - counters.fish - starved;
}

/** What the dead leave is lost: the banks of those who starved, all that the old had. */
function bookEstates(tank: Tank): void {
  const { counters, fish, scratch } = tank;
  for (let row = 0; row < counters.fish; row++) {
    if (scratch.fishMarks[row] === 0) continue;
    const energy = fish.energy[row];
    const cause = energy > 0 ? CAUSE.old_age : CAUSE.starvation;
    book(scratch.flows, cause, energy + fish.bank[row]);
  }
}

/** How many of those without energy are a crab's. */
function countPrey(
  count: number,
  energy: Float64Array,
  age: Uint32Array,
  crabbedAt: Uint32Array,
  slain: Uint8Array,
): number {
  let eaten = 0;
  for (let i = 0; i < count; i++) {
    if (energy[i] > 0) continue;
    const touched = crabbedAt[i];
    const wounded = touched > 0 && age[i] + 1 - touched <= CRAB_WOUND_TICKS;
    if (slain[i] !== 0 || wounded) eaten += 1;
  }
  return eaten;
}

/** Marks the dead; returns how many of them are without energy. */
function markDead(
  count: number,
  energy: Float64Array,
  age: Uint32Array,
  lifespan: Uint32Array,
  marks: Uint8Array,
): number {
  let starved = 0;
  for (let i = 0; i < count; i++) {
    const empty = energy[i] <= 0;
    if (empty) starved += 1;
    marks[i] = empty || age[i] >= lifespan[i] ? 1 : 0;
  }
  return starved;
}

/** Under which cause the energy of a fish without parents is booked. */
const ENTRY_CAUSE = {
  founder: CAUSE.founding,
  emergency: CAUSE.emergency,
  visitor: CAUSE.visitors,
} as const satisfies Partial<Record<Origin, number>>;

/** A fish without parents anywhere in the tank. The caller keeps the ledger of fish. */
export function enterFounder(
  tank: Tank,
  stream: Stream,
  ageTicks: number,
  origin: keyof typeof ENTRY_CAUSE = "founder",
): void {
  const genome = nextGenome(tank);
  const { streams } = tank.arena;
  const { genes } = tank.bodies;
  drawGenome(genes, genome, streams, stream);
  const age = Math.floor(nextReal(streams, stream, 0, ageTicks));
  const capacity = capacityAt(age, genes[genome + GENE.size]);
  const { right, bottom } = marginsOf(tank.width, tank.height);
  const newborn = {
    x: nextReal(streams, stream, LEFT, right),
    y: nextReal(streams, stream, TOP, bottom),
    energy: FOUNDER_ENERGY_RATIO * capacity,
    bank: 0,
    age,
    generation: 0,
    origin,
    mother: NOBODY,
    father: NOBODY,
  };
  enterNewborn(tank, newborn, stream);
  book(tank.scratch.flows, ENTRY_CAUSE[origin], newborn.energy);
}

/** The founders of a new tank, of all ages. */
export function foundPopulation(tank: Tank): void {
  for (let i = 0; i < tank.spec.fish; i++) enterFounder(tank, STREAM.founding, FOUNDER_AGE_TICKS);
  tank.counters.founded = tank.spec.fish;
}

/**
 * Keeps a tank from dying out: an empty one gets a random fish at once; a thin one gets, at most
 * every 180 ticks and the surer the thinner, a mutated copy of a well-fed and rare fish for each
 * reference area.
 */
export function spawnEmergency(tank: Tank): void {
  const { counters, scale, arena } = tank;
  if (counters.fish === 0) {
    enterFounder(tank, STREAM.emergency, 1, "emergency");
    counters.spawned += 1;
    counters.spawnedEmergency += 1;
    counters.lastEmergencyTick = counters.tick;
    return;
  }
  if (counters.tick - counters.lastEmergencyTick < EMERGENCY_INTERVAL_TICKS) return;
  const chance = emergencyChance(counters.fish / scale);
  counters.lastEmergencyTick = counters.tick;
  if (nextUnit(arena.streams, STREAM.emergency) >= chance) return;
  for (let i = 0; i < scale && counters.fish < tank.cap; i++) enterClone(tank);
}

/** Probability of a spawn at a population per reference area (TW core/reproduction). */
function emergencyChance(fish: number): number {
  if (fish < EMERGENCY_CERTAIN) return 1;
  const room = 1 - (fish - EMERGENCY_CERTAIN) / EMERGENCY_SPAN;
  return room > 0 ? EMERGENCY_CHANCE * room * room : 0;
}

function enterClone(tank: Tank): void {
  const parent = chooseParent(tank);
  const genome = nextGenome(tank);
  const source = genomeOf(tank, parent);
  const { fish, bodies, counters, arena } = tank;
  const { streams } = arena;
  const parents = { mother: source, father: source, motherShare: 1, donor: source };
  inheritGenome(bodies.genes, genome, parents, mutationIn(tank, false), streams, STREAM.emergency);
  const capacity = capacityAt(0, bodies.genes[genome + GENE.size]);
  const newborn = {
    x: nextReal(streams, STREAM.emergency, EMERGENCY_MARGIN, tank.width - EMERGENCY_MARGIN),
    y: nextReal(streams, STREAM.emergency, EMERGENCY_MARGIN, tank.height - EMERGENCY_MARGIN),
    energy: FOUNDER_ENERGY_RATIO * capacity,
    bank: 0,
    age: 0,
    generation: fish.generation[parent],
    origin: "emergency" as const,
    mother: idOf(tank, parent),
    father: NOBODY,
  };
  enterNewborn(tank, newborn, STREAM.emergency);
  book(tank.scratch.flows, CAUSE.emergency, newborn.energy);
  counters.spawned += 1;
  counters.spawnedEmergency += 1;
}

/** The best of all by energy and by how few live like it (TW): 0.7·e + 0.3·r + e·r. */
function chooseParent(tank: Tank): number {
  const { fish, counters } = tank;
  countNiches(tank);
  let best = 0;
  let highest = -1;
  for (let row = 0; row < counters.fish; row++) {
    const capacity = capacityAt(fish.age[row], fish.girth[row]);
    const fed = fish.energy[row] / capacity;
    const rarity = 1 - nicheShare(tank, row);
    const merit = EMERGENCY_ENERGY_WEIGHT * fed + EMERGENCY_RARITY_WEIGHT * rarity + fed * rarity;
    if (merit <= highest) continue;
    highest = merit;
    best = row;
  }
  return best;
}
