/** The world: pure and deterministic. Everything that the rest of the program may use of it. */
export { apply } from "./commands.ts";
export { digest } from "./digest.ts";
export { SimulationFault } from "./ledger.ts";
export { ENGINE_VERSION, FOOD_KINDS, FOUNDERS_MAX } from "./model.ts";
export { RECORD_BYTES, RECORD_VERSION, type ReadRecord, readRecord } from "./record.ts";
export { type Progress, type RunResult, type SealedOptions, sealedRun } from "./sealed.ts";
export { loadTank, SnapshotError, saveTank } from "./snapshot.ts";
export type { Tank } from "./tank.ts";
export type * from "./types.ts";
export { fishOf, foodOf, migrants, statsOf } from "./views.ts";
export { createTank, step } from "./world.ts";
