import type { HorizonRow } from "../rows.ts";
import type { Connection } from "./connection.ts";
import type { Warn } from "./open-watermarks.ts";
import { HORIZONS } from "./tables.ts";

/**
 * Raises the horizons that are not above the decisions which were removed below them. A disk that
 * reads back an old version of their page leaves no other trace: SQLite finds nothing wrong, and a
 * late copy of a transfer whose decision is forgotten would be taken as a new one. The sequences of
 * a pair begin with 1, and the decisions that were removed of it are counted, in another table.
 */
export function restoreHorizons(database: Connection, path: string, warn: Warn): void {
  const stale = database
    .prepare<HorizonRow, []>(`
      SELECT node_id AS source_node_id, c.source_tank_id, c.destination_tank_id,
        SUM(count) + 1 AS lowest_undecided
      FROM transfer_counts c LEFT JOIN horizons h ON h.source_node_id = c.node_id
        AND h.source_tank_id = c.source_tank_id AND h.destination_tank_id = c.destination_tank_id
      WHERE side = 'in' GROUP BY 1, 2, 3
      HAVING SUM(count) >= COALESCE(MAX(h.lowest_undecided), 0)`)
    .all();
  if (stale.length === 0) return;
  const put = database.prepare(HORIZONS.upsert);
  database.transaction(() => {
    for (const row of stale) put.run(...HORIZONS.values(row));
  });
  warn(
    `${path} had lost the bounds of forgotten transfers of ${stale.length} pairs of tanks; they ` +
      "are rebuilt from the counts of what was forgotten: check the disk",
  );
}
