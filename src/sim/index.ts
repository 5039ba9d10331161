/** The world: pure and deterministic. Everything that the rest of the program may use of it. */
export {
  type Answer,
  type Conclusion,
  conduct,
  type RunResult,
  SAMPLE_TICKS,
  type Turn,
} from "./archipelago.ts";
export { type ArchipelagoSpec, ISLANDS_MAX } from "./archipelago-spec.ts";
export { apply } from "./commands.ts";
export { daylightAt } from "./daylight.ts";
export { digest } from "./digest.ts";
export { fishProfileOf } from "./fish-profile.ts";
export {
  crabsOf,
  FEEDERS,
  feedersOf,
  foodSizesOf,
  plantLooksOf,
  plantMigrants,
  plantsOf,
} from "./habitat-views.ts";
export { type CrewOrder, IslandCrew, type IslandReport } from "./island-crew.ts";
export { SimulationFault } from "./ledger.ts";
export { ENGINE_VERSION, FOOD_KINDS, FOUNDERS_MAX, ORIGINS } from "./model.ts";
export type { PhylogenyRow } from "./phylogeny.ts";
export { plantLedgerOf } from "./plants/plant-ledger.ts";
export {
  PLANT_RECORD_BYTES,
  RECORD_BYTES,
  type ReadPlantRecord,
  type ReadRecord,
  readPlantRecord,
  readRecord,
} from "./record.ts";
export { RECORD_VERSION } from "./record-layout.ts";
export { SAMPLE_COLUMNS } from "./sample.ts";
export { gamesOf, sceneOf } from "./scene.ts";
export { runSealed } from "./sealed.ts";
export { loadTank, SnapshotError, saveTank } from "./snapshot.ts";
export type { Tank } from "./tank.ts";
export { TOPOLOGIES, type Topology } from "./topology.ts";
export type * from "./types.ts";
export { fishOf, foodOf, migrants, statsOf } from "./views.ts";
export { createTank, step } from "./world.ts";
