import type { Ledger } from "../types.ts";
import type { Counters } from "./counters.ts";
import type { Tank } from "./tank.ts";

/** The state of a tank contradicts itself: a bug in the engine, or memory that went bad. */
export class SimulationFault extends Error {
  override readonly name = "SimulationFault";
}

export function ledgerOf(counters: Counters): Ledger {
  return {
    founded: counters.founded,
    born: counters.born,
    spawned: counters.spawned,
    imported: counters.imported,
    restored: counters.restored,
    died: { starvation: counters.starved, predation: counters.eaten, old_age: counters.aged },
    exported: counters.exported,
    removed: counters.removed,
  };
}

/** How many fish the ledger says are alive. */
export function balanceOf(c: Counters): number {
  const came = c.founded + c.born + c.spawned + c.imported + c.restored;
  return came - c.starved - c.eaten - c.aged - c.exported - c.removed;
}

/**
 * Throws {@link SimulationFault} unless everybody alive is accounted for and all energies and
 * places are numbers: a sum is one only when each of its terms is.
 */
export function checkTank(tank: Tank, energy: number): void {
  const { counters, fish } = tank;
  const { fish: alive, tick } = counters;
  if (balanceOf(counters) !== alive) {
    throw new SimulationFault(
      `tick ${tick}: ${alive} fish alive, ledger says ${balanceOf(counters)}`,
    );
  }
  if (!Number.isFinite(energy + sumOf(fish.x, alive) + sumOf(fish.y, alive))) {
    throw new SimulationFault(`tick ${tick}: an energy or a place is not a number`);
  }
}

/** Sum of the first `count` values. */
export function sumOf(values: Float64Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i];
  return sum;
}
