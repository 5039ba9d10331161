/** The world: pure and deterministic. Everything that the rest of the program may use of it. */

export { apply } from "./commands.ts";
export { fork } from "./fork.ts";
export { daylightAt } from "./habitat/daylight.ts";
export {
  ENGINE_VERSION,
  FAST_FORWARD_TICKS_MAX,
  FOOD_KINDS,
  FOUNDERS_MAX,
  ORIGINS,
} from "./model.ts";
export { plantLedgerOf } from "./plants/plant-ledger.ts";
export {
  type Answer,
  type Conclusion,
  conduct,
  type RunResult,
  SAMPLE_TICKS,
  type Turn,
} from "./sealed/archipelago.ts";
export { type ArchipelagoSpec, ISLANDS_MAX } from "./sealed/archipelago-spec.ts";
export { type CrewOrder, IslandCrew, type IslandReport } from "./sealed/island-crew.ts";
export type { PhylogenyRow } from "./sealed/phylogeny.ts";
export { SAMPLE_COLUMNS } from "./sealed/sample.ts";
export { runSealed } from "./sealed/sealed.ts";
export { TOPOLOGIES, type Topology } from "./sealed/topology.ts";
export { type Allocate, heap } from "./state/arena.ts";
export { SimulationFault } from "./state/ledger.ts";
export type { Tank } from "./state/tank.ts";
export type * from "./types.ts";
export { fishProfileOf } from "./views/fish-profile.ts";
export {
  crabsOf,
  FEEDERS,
  feedersOf,
  foodSizesOf,
  plantLooksOf,
  plantMigrants,
  plantsOf,
} from "./views/habitat-views.ts";
export { gamesOf, sceneOf } from "./views/scene.ts";
export { isSelection, SELECTIONS, selectMigrants, TRAITS } from "./views/selection.ts";
export { censusOf, fishOf, foodOf, migrants, statsOf } from "./views/views.ts";
export { digest } from "./wire/digest.ts";
export { openTank, parkTank } from "./wire/live.ts";
export {
  PLANT_RECORD_BYTES,
  RECORD_BYTES,
  type ReadPlantRecord,
  type ReadRecord,
  readPlantRecord,
  readRecord,
} from "./wire/record.ts";
export { RECORD_VERSION } from "./wire/record-layout.ts";
export { loadTank, SnapshotError, savedSpec, saveTank } from "./wire/snapshot.ts";
export { createTank, step } from "./world.ts";
