import { ORIGINS, type Origin } from "../model.ts";
import type { Tank } from "../state/tank.ts";
import { birthIsland } from "./archipelago-spec.ts";

/** One fish in the terms of the ALife data standard for phylogenies. */
export interface PhylogenyRow {
  /** Whole numbers, unique in the archipelago, and the same for any number of threads. */
  readonly id: number;
  readonly ancestors: readonly number[];
  readonly originTick: number;
  /** Undefined for one that is alive. */
  readonly destructionTick: number | undefined;
  readonly birthTank: number;
  /** Where it died, or is. */
  readonly tank: number;
  /** How it came into the world. */
  readonly origin: Origin;
  readonly generation: number;
  readonly hops: number;
  readonly offspring: number;
}

/** The line of a fish that dies in this tick, or of a living one. `islands` share the numbers. */
export function phylogenyRow(
  tank: Tank,
  row: number,
  islands: number,
  island: number,
  alive: boolean,
): PhylogenyRow {
  const { fish, counters } = tank;
  const keyHi = fish.keyHi[row];
  const mother = fish.motherCounter[row];
  const father = fish.fatherCounter[row];
  const ancestors: number[] = [];
  if (mother > 0) ancestors.push(numberOf(fish.motherHi[row], mother, islands));
  if (father > 0) ancestors.push(numberOf(fish.fatherHi[row], father, islands));
  return {
    id: numberOf(keyHi, fish.counter[row], islands),
    ancestors,
    originTick: fish.bornTick[row],
    destructionTick: alive ? undefined : counters.tick,
    birthTank: birthIsland(keyHi),
    tank: island,
    origin: ORIGINS[fish.origin[row]],
    generation: fish.generation[row],
    hops: fish.hops[row],
    offspring: fish.offspring[row],
  };
}

/** Counters of all islands, interleaved. */
function numberOf(keyHi: number, counter: number, islands: number): number {
  return (counter - 1) * islands + birthIsland(keyHi);
}
