import type { SnapshotRow, TankRow } from "../../store/rows.ts";
import type { LogEnd } from "../tank-incarnation.ts";
import type { CapturedState } from "../thread/simulation.ts";
import { encodeSnapshot } from "./snapshot-file.ts";

export interface NewSnapshot {
  readonly state: CapturedState;
  readonly engineVersion: number;
  /** Of the log row `state.seq`. */
  readonly logEnd: Pick<LogEnd, "checksum" | "bytes">;
  readonly createdAtMs: number;
}

/** A snapshot to be written: its file, and the row that names it. */
export interface MadeSnapshot {
  readonly row: SnapshotRow;
  readonly bytes: Uint8Array;
}

/** The folder of all snapshots, with a folder for each tank. */
export const SNAPSHOTS = "snapshots";

/** The folder of a tank's snapshots. */
export function snapshotFolder(tankId: string): string {
  return `${SNAPSHOTS}/${tankId}`;
}

export function makeSnapshot(tank: TankRow, snapshot: NewSnapshot): MadeSnapshot {
  const { state, engineVersion, logEnd, createdAtMs } = snapshot;
  const { tank_id, epoch } = tank;
  const { seq, tick, digest, controls } = state;
  const place = { tank_id, seq, tick, digest, engine_version: engineVersion };
  const header = {
    ...place,
    epoch,
    log_checksum: logEnd.checksum,
    paused: controls.paused,
    tick_rate: controls.tickRate,
    fast_forward_to: controls.fastForwardTo,
  };
  const bytes = encodeSnapshot(header, state.packed);
  const row: SnapshotRow = {
    ...place,
    file: `${snapshotFolder(tank_id)}/${seq}-${tick}.snapshot`,
    bytes: bytes.length,
    log_checksum: logEnd.checksum,
    created_at: createdAtMs,
    log_bytes: logEnd.bytes,
  };
  return { row, bytes };
}
