import { z } from "zod";
import type { RecoveryReport, TankRecovery } from "../tanks/recovery-report.ts";

const count = z.number().int().nonnegative();
const tank = { tank_id: z.string(), name: z.string() };

export const recoverySchema = z.object({
  tanks: count.describe("Tanks on the disk when the node started"),
  recovered: count.describe("Number of recovered tanks"),
  from_memory: count.describe(
    "Of these, those that went on from the memory of a node that was killed",
  ),
  from_snapshots: count.describe("Of these, those recovered from a snapshot"),
  replayed_commands: count,
  replayed_ticks: count,
  duration_ms: z.number().nonnegative(),
  made: count.describe("Tanks that this start created, if it was the first one"),
  damaged: z
    .array(z.object({ ...tank, warnings: z.array(z.string()) }))
    .describe("Tanks that were recovered despite damage, and the damage"),
  stopped: z
    .array(z.object({ ...tank, reason: z.string() }))
    .describe("Tanks that could not be recovered, and why"),
});

export type RecoveryView = z.infer<typeof recoverySchema>;

/** The public view of a recovery. */
export function viewRecovery(
  { total, tanks, durationMs }: RecoveryReport,
  tanksMade: number,
): RecoveryView {
  const back = tanks.filter((one) => one.status === "recovered");
  const sum = (of: (one: (typeof back)[number]) => number) =>
    back.reduce((all, one) => all + of(one), 0);
  return {
    tanks: total,
    recovered: back.length,
    from_memory: back.filter((one) => one.fromMemory).length,
    from_snapshots: back.filter((one) => one.snapshotSeq !== undefined).length,
    replayed_commands: sum((one) => one.replayedCommands),
    replayed_ticks: sum((one) => one.replayedTicks),
    duration_ms: Math.round(durationMs),
    made: tanksMade,
    damaged: back
      .filter((one) => one.warnings.length > 0)
      .map((one) => ({ ...nameOf(one), warnings: [...one.warnings] })),
    stopped: tanks
      .filter((one) => one.status === "stopped")
      .map((one) => ({ ...nameOf(one), reason: one.reason })),
  };
}

function nameOf({ row }: TankRecovery): { tank_id: string; name: string } {
  return { tank_id: row.tank_id, name: row.name };
}
