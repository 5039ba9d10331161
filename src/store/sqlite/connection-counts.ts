import type { ConnectionCountRow } from "../rows.ts";
import type { Connection } from "./connection.ts";

const FIELDS = "connection_id, destination_node_id, destination_tank_id, state";
/** Of rows of the outbox. */
const COUNTED = `${FIELDS}, COUNT(*) AS count, MAX(updated_at) AS last_at FROM outbox`;
const IS_THERE = "connection_id IN (SELECT connection_id FROM connections)";

/** Counts the transfers of each connection. Reads the outbox whole. */
export function countByConnection(database: Connection): () => readonly ConnectionCountRow[] {
  const count = database.prepare<ConnectionCountRow, []>(`
    SELECT ${FIELDS}, SUM(count) AS count, MAX(last_at) AS last_at FROM (
      SELECT * FROM connection_counts
      UNION ALL SELECT ${COUNTED} WHERE ${IS_THERE} GROUP BY 1, 2, 3, 4)
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`);
  return () => count.all();
}

/** Adds rows that are to be removed to the counts. `which` selects their places. */
export function keepConnectionCounts(database: Connection, which: string): (rows: number) => void {
  const add = database.prepare(`
    INSERT INTO connection_counts
    SELECT ${COUNTED} WHERE place IN (${which}) AND ${IS_THERE} GROUP BY 1, 2, 3, 4
    ON CONFLICT (${FIELDS}) DO UPDATE SET
      count = count + excluded.count, last_at = MAX(last_at, excluded.last_at)`);
  return (rows) => {
    add.run(rows);
  };
}
