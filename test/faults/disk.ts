import { Database } from "bun:sqlite";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LogRow, SnapshotRow, TankRow } from "../../src/store/rows.ts";

const DATABASE = "tankd.db";

/** What the journal on a disk holds of the tanks. */
export interface Disk {
  readonly tanks: readonly TankRow[];
  /** Ascending. */
  log(tankId: string): readonly LogRow[];
  /** Newest first. */
  snapshots(tankId: string): readonly SnapshotRow[];
  /** The bytes of a snapshot's file. */
  file(row: SnapshotRow): Uint8Array;
}

/**
 * Looks at the journal of a node that does not run, in a copy: to open it would bring its
 * write-ahead log home, which is the work of the next start, and what that is tested for.
 */
export function lookAt<T>(directory: string, scratch: string, look: (disk: Disk) => T): T {
  for (const name of [DATABASE, `${DATABASE}-wal`]) {
    rmSync(join(scratch, name), { force: true });
    if (existsSync(join(directory, name))) cpSync(join(directory, name), join(scratch, name));
  }
  const database = new Database(join(scratch, DATABASE), { strict: true });
  try {
    const hasSchema = database.query("SELECT 1 FROM sqlite_master WHERE name = 'tanks'").get();
    return look({
      tanks: hasSchema
        ? database.query<TankRow, []>("SELECT * FROM tanks ORDER BY ordinal").all()
        : [],
      log: (tankId) =>
        database
          .query<LogRow, [string]>("SELECT * FROM log WHERE tank_id = ? ORDER BY seq")
          .all(tankId),
      snapshots: (tankId) =>
        database
          .query<SnapshotRow, [string]>(
            "SELECT * FROM snapshots WHERE tank_id = ? ORDER BY seq DESC",
          )
          .all(tankId),
      file: (row) => new Uint8Array(readFileSync(join(directory, row.file))),
    });
  } finally {
    database.close(true);
  }
}
