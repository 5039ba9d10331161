import type { TankStats } from "../sim/types.ts";
import type { TankRow } from "../store/rows.ts";
import type { Frame } from "./tanks.ts";
import type { Looks } from "./thread/plant-album.ts";
import type { FromSimulation, TankReport } from "./thread/simulation.ts";

/** The numbers of a tank with nothing in it. */
export const NO_STATS: TankStats = {
  tick: 0,
  alive: 0,
  food: 0,
  capacity: 0,
  maxGeneration: 0,
  energy: 0,
  games: { fish: 0, plants: 0 },
  diversity: 0,
  ledger: {
    founded: 0,
    born: 0,
    spawned: 0,
    imported: 0,
    restored: 0,
    died: { starvation: 0, predation: 0, old_age: 0 },
    exported: 0,
    removed: 0,
  },
  births: { sexual: 0, asexual: 0, banked: 0, poker: 0 },
  plants: 0,
  plantLedger: {
    founded: 0,
    sprouted: 0,
    spawned: 0,
    imported: 0,
    restored: 0,
    withered: 0,
    exported: 0,
  },
};

/** What is known of a tank before its simulation has said anything: nothing. */
export function unknownReport(row: TankRow, tickRate: number): TankReport {
  const stats = { ...NO_STATS, ledger: { ...NO_STATS.ledger, founded: row.fish } };
  const controls = { paused: false, tickRate };
  return { stats, seq: 0, controls, achievedRate: 0, tickLag: 0 };
}

export function frameOf(
  row: TankRow,
  drawn: Extract<FromSimulation, { kind: "frame" }>,
  durableSeq: number,
  looks: Looks,
): Frame {
  const { scene, seq } = drawn;
  return { ...scene, tankId: row.tank_id, epoch: row.epoch, seq, durableSeq, looks };
}
