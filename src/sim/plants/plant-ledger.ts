import { SimulationFault } from "../state/ledger.ts";
import type { Tank } from "../state/tank.ts";
import type { PlantLedger } from "../types.ts";

export function plantLedgerOf({ counters }: Tank): PlantLedger {
  return {
    founded: counters.plantsFounded,
    sprouted: counters.plantsSprouted,
    spawned: counters.plantsSpawned,
    imported: counters.plantsImported,
    restored: counters.plantsRestored,
    withered: counters.plantsWithered,
    exported: counters.plantsExported,
  };
}

/** How many plants the ledger says there are. */
function balanceOf(ledger: PlantLedger): number {
  const { founded, sprouted, spawned, imported, restored, withered, exported } = ledger;
  return founded + sprouted + spawned + imported + restored - withered - exported;
}

/** Throws {@link SimulationFault} unless every plant is accounted for and has a spot of its own. */
export function checkPlants(tank: Tank): void {
  const { counters, plants } = tank;
  const balance = balanceOf(plantLedgerOf(tank));
  if (balance !== counters.plants) {
    const says = `${counters.plants} plants, ledger says ${balance}`;
    throw new SimulationFault(`tick ${counters.tick}: ${says}`);
  }
  for (let row = 1; row < counters.plants; row++) {
    if (plants.spot[row] > plants.spot[row - 1]) continue;
    throw new SimulationFault(`tick ${counters.tick}: two plants at one spot`);
  }
}
