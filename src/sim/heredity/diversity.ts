import { cosineOfTurn, sineOfTurn } from "../approximations.ts";
import {
  DIVERSE_BEHAVIOURS,
  DIVERSITY_CRITICAL,
  DIVERSITY_ENOUGH,
  DIVERSITY_INTERVAL_TICKS,
  DIVERSITY_LOW,
  MUTATION,
  MUTATION_BOOST_CRITICAL,
  MUTATION_BOOST_LOW,
  MUTATION_RATE_MAX,
  MUTATION_STRENGTH_MAX,
  NICHE_COST_MAX,
  NICHE_COST_MIN,
  NICHE_COST_SLOPE,
  NICHE_FISH_MIN,
  RARE_SHARE,
} from "../model.ts";
import { genomeOf } from "../state/population.ts";
import type { Tank } from "../state/tank.ts";
import { GENE } from "./genes.ts";
import type { Mutation } from "./genome.ts";

const TEMPLATES = 6;

/**
 * How different the fish of a tank are, 0 to 1: the mean over distinct ways of behaviour (50 or
 * more give 1), body templates, and the circular variance of the hue.
 */
export function diversityOf(tank: Tank): number {
  const { counters, fish, bodies } = tank;
  if (counters.fish === 0) return 0;
  const niches = new Set(fish.niche.subarray(0, counters.fish)).size;
  let templates = 0;
  let sines = 0;
  let cosines = 0;
  for (let row = 0; row < counters.fish; row++) {
    const genome = genomeOf(tank, row);
    templates |= 1 << bodies.genes[genome + GENE.template];
    sines += sineOfTurn(bodies.genes[genome + GENE.hue]);
    cosines += cosineOfTurn(bodies.genes[genome + GENE.hue]);
  }
  let distinct = 0;
  for (let bit = 0; bit < TEMPLATES; bit++) distinct += (templates >> bit) & 1;
  const length = Math.min(1, Math.sqrt(sines * sines + cosines * cosines) / counters.fish);
  const behaviours = Math.min(1, niches / DIVERSE_BEHAVIOURS);
  return (behaviours + distinct / TEMPLATES + 1 - length) / 3;
}

/** Distinct ways of behaviour alive in the tank. */
export function behavioursIn(tank: Tank): number {
  return new Set(tank.fish.niche.subarray(0, tank.counters.fish)).size;
}

/**
 * Measures diversity now and then. When it is low and falling, mutation grows up to threefold until
 * it has recovered (TW core/reproduction: adaptive mutation).
 */
export function watchDiversity(tank: Tank): void {
  const { counters } = tank;
  if (counters.tick % DIVERSITY_INTERVAL_TICKS !== 0) return;
  const before = counters.diversity;
  const now = diversityOf(tank);
  counters.diversity = now;
  const boosted = counters.mutationBoost > 1;
  if (now >= DIVERSITY_ENOUGH || counters.fish < NICHE_FISH_MIN) counters.mutationBoost = 1;
  else if (boosted || (now < DIVERSITY_LOW && now < before)) counters.mutationBoost = boostAt(now);
}

/** 1 at enough diversity, 2 at the critical one, 3 below it. */
export function boostAt(diversity: number): number {
  if (diversity < DIVERSITY_CRITICAL) return MUTATION_BOOST_CRITICAL;
  const lack = (DIVERSITY_ENOUGH - diversity) / (DIVERSITY_ENOUGH - DIVERSITY_CRITICAL);
  return 1 + (MUTATION_BOOST_LOW - 1) * Math.max(0, lack);
}

/** How genes mutate in this tank at a birth; the rare are not pushed further. */
export function mutationIn(tank: Tank, rare: boolean): Mutation {
  const boost = tank.counters.mutationBoost;
  if (boost === 1 || rare) return MUTATION;
  return {
    rate: Math.min(MUTATION_RATE_MAX, MUTATION.rate * boost),
    strength: Math.min(MUTATION_STRENGTH_MAX, MUTATION.strength * boost),
    switching: 2 * MUTATION.switching,
  };
}

/** Counts the fish of each niche into the scratch. */
export function countNiches(tank: Tank): void {
  const { niches } = tank.scratch;
  niches.fill(0);
  countInto(tank.counters.fish, tank.fish.niche, niches);
}

function countInto(count: number, niche: Uint32Array, niches: Uint32Array): void {
  for (let i = 0; i < count; i++) {
    const at = niche[i];
    niches[at] = niches[at] + 1;
  }
}

/** Share of the fish that live like this one. */
export function nicheShare(tank: Tank, row: number): number {
  const niche = tank.fish.niche[row];
  return tank.scratch.niches[niche] / tank.counters.fish;
}

/** Factor on the price of a child: common ways of life pay more (TW), once there are ten fish. */
export function nicheCost(tank: Tank, row: number): number {
  if (tank.counters.fish < NICHE_FISH_MIN) return 1;
  const cost = NICHE_COST_MIN + NICHE_COST_SLOPE * nicheShare(tank, row);
  return Math.min(NICHE_COST_MAX, cost);
}

/** Whether so few live like it that it is spared adaptive mutation and breeds more readily. */
export function isRare(tank: Tank, row: number): boolean {
  return tank.counters.fish >= NICHE_FISH_MIN && nicheShare(tank, row) <= RARE_SHARE;
}
