import type { TankStats } from "../sim/types.ts";
import type { TankRow } from "../store/rows.ts";
import type { FromSimulation, TankReport } from "./simulation.ts";
import type { Frame } from "./tanks.ts";

/** What is known of a tank before its simulation has said anything: nothing. */
export function unknownReport(row: TankRow, tickRate: number): TankReport {
  const stats: TankStats = {
    tick: 0,
    alive: 0,
    food: 0,
    capacity: 0,
    maxGeneration: 0,
    energy: 0,
    games: { fish: 0, plants: 0 },
    diversity: 0,
    ledger: {
      founded: row.fish,
      born: 0,
      spawned: 0,
      imported: 0,
      restored: 0,
      died: { starvation: 0, predation: 0, old_age: 0 },
      exported: 0,
      removed: 0,
    },
  };
  const controls = { paused: false, tickRate };
  return { stats, seq: 0, controls, achievedRate: 0, tickLag: 0 };
}

export function frameOf(
  row: TankRow,
  drawn: Extract<FromSimulation, { kind: "frame" }>,
  durableSeq: number,
): Frame {
  const { tick, seq, width, height, fish, food } = drawn;
  const { tank_id: tankId, epoch } = row;
  return { tankId, epoch, tick, seq, durableSeq, width, height, fish, food };
}
