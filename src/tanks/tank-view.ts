import type { TankStats } from "../sim/types.ts";
import type { TankRow } from "../store/rows.ts";
import type { Frame, HostedTank } from "./tanks.ts";
import type { Controls } from "./thread/controls.ts";
import type { Looks } from "./thread/plant-album.ts";
import type { FromSimulation, TankReport } from "./thread/simulation.ts";

/** The statistics of an empty tank. */
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

/** The report of a tank before its first one. */
export function unknownReport(row: TankRow, controls: Controls): TankReport {
  const stats = { ...NO_STATS, ledger: { ...NO_STATS.ledger, founded: row.fish } };
  return { demand: 0, stats, seq: 0, controls, achievedRate: 0, tickLag: 0, skippedTicks: 0 };
}

/** The public view of a tank; one with a `stopReason` is shown as stopped. */
export function viewOf(
  row: TankRow,
  report: TankReport,
  standing: { readonly durableSeq: number; readonly stopReason: string | undefined },
): HostedTank {
  const { stats, seq, controls, achievedRate, tickLag, skippedTicks } = report;
  const { durableSeq, stopReason } = standing;
  const { paused, tickRate, fastForwardTo } = controls;
  const awake = paused && fastForwardTo === undefined ? "paused" : "running";
  return {
    row,
    status: stopReason === undefined ? awake : "stopped",
    ...(stopReason === undefined ? {} : { reason: stopReason }),
    stats,
    seq,
    // Marks become durable without a report; durable_seq must not exceed the seq that is shown.
    durableSeq: Math.min(durableSeq, seq),
    tickRate,
    fastForwardTo,
    achievedRate,
    tickLag,
    skippedTicks,
  };
}

export function frameOf(
  row: TankRow,
  drawn: Extract<FromSimulation, { kind: "frame" }>,
  durableSeq: number,
  looks: Looks,
): Frame {
  const { scene, seq } = drawn;
  const durable = { seq, durableSeq: Math.min(durableSeq, seq) };
  return { ...scene, tankId: row.tank_id, epoch: row.epoch, ...durable, looks };
}
