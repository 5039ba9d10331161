import type { Counters, Tank } from "./tank.ts";
import type { Ledger } from "./types.ts";

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
 * Throws {@link SimulationFault} unless everybody alive is accounted for and the sum of all energies
 * is a number, which it is only when each of them is.
 */
export function checkLedger(tank: Tank, energy: number): void {
  const { counters } = tank;
  if (balanceOf(counters) !== counters.fish) {
    throw new SimulationFault(
      `tick ${counters.tick}: ${counters.fish} fish alive, ledger says ${balanceOf(counters)}`,
    );
  }
  if (!Number.isFinite(energy)) {
    throw new SimulationFault(`tick ${counters.tick}: an energy is not a number`);
  }
}
