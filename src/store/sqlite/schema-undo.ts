/** How a step of the schema is taken back. */
export interface UndoStep {
  /** A query that has a row where earlier builds could not keep a promise of this database. */
  readonly unless?: { readonly found: string; readonly why: string };
  readonly sql: string;
}

/** The oldest schema that a database can be taken back to. */
export const UNDO_FROM_STEP = 7;

/**
 * The ways back from {@link UNDO_FROM_STEP}, in the order of the steps. What an earlier build does
 * not know is given up only where nothing depends on it: a paused connection gets a probability of
 * 0, and counts of removed transfers are left to the next upgrade, which knows that they are
 * missing.
 */
export const UNDO_STEPS: readonly UndoStep[] = [
  {
    unless: {
      found: "SELECT 1 FROM inbox GROUP BY transfer_id HAVING COUNT(*) > 1",
      why: "two nodes have used the same transfer id, and earlier versions remember one of them",
    },
    sql: `
      CREATE TABLE inbox_by_id (
        place INTEGER PRIMARY KEY,
        transfer_id TEXT NOT NULL UNIQUE,
        source_tank_id TEXT NOT NULL,
        source_node_id TEXT NOT NULL,
        destination_tank_id TEXT NOT NULL,
        entity_type TEXT NOT NULL,
        entity_id TEXT,
        record_digest TEXT,
        sequence INTEGER NOT NULL,
        decision TEXT NOT NULL,
        reason TEXT,
        epoch INTEGER NOT NULL,
        decided_at INTEGER NOT NULL
      ) STRICT;
      INSERT INTO inbox_by_id SELECT * FROM inbox;
      DROP TABLE inbox;
      ALTER TABLE inbox_by_id RENAME TO inbox;
    `,
  },
  {
    sql: `
      DROP TABLE transfer_counts;
      DELETE FROM meta WHERE key = 'transfers_uncounted';
    `,
  },
  {
    sql: `
      UPDATE connections SET probability = 0 WHERE status = 'paused';
      ALTER TABLE connections DROP COLUMN selection;
      ALTER TABLE connections DROP COLUMN count;
      ALTER TABLE connections DROP COLUMN rate;
      ALTER TABLE connections DROP COLUMN status;
      ALTER TABLE connections DROP COLUMN strategy;
      ALTER TABLE connections DROP COLUMN further_destinations;
    `,
  },
  { sql: "ALTER TABLE connections DROP COLUMN topology;" },
  {
    // A former owner must answer `moved`, and an owner act for former ones.
    unless: {
      found: `
        SELECT tank_id FROM moved_tanks
        UNION ALL SELECT tank_id FROM moves WHERE state IN ('sealed', 'moved', 'stored')`,
      why: "tanks have moved from it or to it, and earlier versions do not know of such moves",
    },
    sql: `
      ALTER TABLE outbox DROP COLUMN source_node_id;
      DROP TABLE moves;
      DROP TABLE moved_tanks;
    `,
  },
  {
    unless: {
      found: "SELECT 1 FROM outbox WHERE entity_type = 'copy' AND state IN ('pending', 'in_doubt')",
      why: "copies of fish are on their way, and earlier versions would take them for the fish",
    },
    sql: `
      UPDATE connections SET status = 'paused' WHERE mode = 'copy';
      ALTER TABLE connections DROP COLUMN mode;
      ALTER TABLE connections DROP COLUMN replacement;
      DROP TABLE connection_counts;
    `,
  },
];
