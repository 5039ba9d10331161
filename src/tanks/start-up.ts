import { atOnce } from "../platform/at-once.ts";
import type { Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";
import type { Files } from "../platform/files.ts";
import { JOURNAL_LOST, type Journal } from "../store/journal.ts";
import type { TankRow, Watermark } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";
import type { RecoveryOptions, RecoveryReport, TankRecovery } from "./recovery-report.ts";
import { removeOrphans } from "./snapshots/orphans.ts";
import type { TankSupervisor } from "./tank-supervisor.ts";

/** Tanks that are recovered concurrently at a start: bounds the states in memory. */
const RECOVERIES_AT_ONCE = 16;

/** Recovers all tanks of a node. Rejects with the signal's reason when that aborts it. */
export async function recoverAll(
  supervisors: readonly TankSupervisor[],
  ports: { readonly clock: Clock; readonly log: Log; readonly startedMs: number },
  { signal, onProgress }: RecoveryOptions,
): Promise<RecoveryReport> {
  const { clock, log, startedMs } = ports;
  const tanks: TankRecovery[] = [];
  const report = () => ({
    total: supervisors.length,
    tanks,
    durationMs: clock.monotonicMs() - startedMs,
  });
  const abandon = () => {
    for (const supervisor of supervisors) supervisor.abandon();
  };
  signal?.addEventListener("abort", abandon, { once: true });
  await atOnce(RECOVERIES_AT_ONCE, supervisors, async (supervisor) => {
    if (signal?.aborted) return;
    const recovery = await supervisor.recover();
    tanks.push(recovery);
    if (recovery.status === "recovered") sayRecovered(log, recovery);
    onProgress?.(report());
  });
  signal?.removeEventListener("abort", abandon);
  signal?.throwIfAborted();
  tanks.sort((a, b) => a.row.ordinal - b.row.ordinal);
  return report();
}

/** Reports tanks that have a watermark but no row any more: acknowledged data was lost. */
export function sayLost(log: Log, rows: readonly TankRow[], marks: readonly Watermark[]): void {
  const known = new Set(rows.map((row) => row.tank_id));
  for (const { tank_id, seq, tick } of marks) {
    if (!known.has(tank_id)) log.error("tank lost", { tank_id, seq, tick });
  }
}

/** Removes snapshot files of tanks that were never committed, or removed just before a crash. */
export async function sweepSnapshots(
  ports: { readonly files: Files; readonly journal: Journal; readonly log: Log },
  isKnown: (tankId: string) => boolean,
): Promise<void> {
  const { files, journal, log } = ports;
  try {
    // After a damaged database, a snapshot may be all that is left of a tank.
    if (await journal.meta(JOURNAL_LOST)) return;
    const promised = new Set((await journal.watermarks()).map(({ tank_id }) => tank_id));
    const folders = await removeOrphans(files, (id) => isKnown(id) || promised.has(id));
    if (folders > 0) log.info("left-over snapshots removed", { folders });
  } catch (error) {
    log.warn("left-over snapshots cannot be removed", { reason: messageOf(error) });
  }
}

function sayRecovered(log: Log, recovery: Extract<TankRecovery, { status: "recovered" }>): void {
  log.debug("tank recovered", {
    tank_id: recovery.row.tank_id,
    name: recovery.row.name,
    from_memory: recovery.fromMemory,
    from_snapshot: recovery.snapshotSeq ?? null,
    seq: recovery.seq,
    tick: recovery.tick,
    digest: recovery.digest,
    replayed_commands: recovery.replayedCommands,
    replayed_ticks: recovery.replayedTicks,
    duration_ms: Math.round(recovery.durationMs),
  });
}
