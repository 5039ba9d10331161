/**
 * The migration steps from an empty database to the present schema. Each runs once and is never
 * edited; a change of the schema is a new step. Columns are the fields of `rows.ts`.
 */
export const SCHEMA_STEPS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE tanks (
    tank_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    fish INTEGER NOT NULL,
    tank_key TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    ordinal INTEGER NOT NULL
  ) STRICT;

  -- With a rowid: without one a row of more than a quarter page, as every import is, \
takes a page of its own.
  CREATE TABLE log (
    tank_id TEXT NOT NULL REFERENCES tanks ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload BLOB NOT NULL,
    digest TEXT,
    checksum TEXT NOT NULL,
    engine_version INTEGER NOT NULL,
    PRIMARY KEY (tank_id, seq)
  ) STRICT;

  CREATE TABLE snapshots (
    tank_id TEXT NOT NULL REFERENCES tanks ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    digest TEXT NOT NULL,
    file TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    engine_version INTEGER NOT NULL,
    log_checksum TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tank_id, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE connections (
    connection_id TEXT NOT NULL PRIMARY KEY,
    source_tank_id TEXT NOT NULL,
    destination_tank_id TEXT NOT NULL,
    destination_node_id TEXT NOT NULL,
    probability REAL NOT NULL,
    direction TEXT NOT NULL,
    origin TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;

  -- place: order of arrival. Transfers outlive their tanks, so they refer to none.
  CREATE TABLE outbox (
    place INTEGER PRIMARY KEY,
    transfer_id TEXT NOT NULL UNIQUE,
    source_tank_id TEXT NOT NULL,
    destination_tank_id TEXT NOT NULL,
    destination_node_id TEXT NOT NULL,
    connection_id TEXT,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    side TEXT NOT NULL,
    record BLOB NOT NULL,
    record_digest TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX outbox_by_state ON outbox (state, place);
  CREATE INDEX outbox_by_pair ON outbox (source_tank_id, destination_tank_id, sequence);

  CREATE TABLE inbox (
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
  CREATE INDEX inbox_by_decision ON inbox (decision, place);

  CREATE TABLE transfer_events (
    place INTEGER PRIMARY KEY,
    transfer_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX transfer_events_by_transfer ON transfer_events (transfer_id, place);

  CREATE TABLE registry (node_id TEXT NOT NULL PRIMARY KEY, record TEXT NOT NULL) STRICT;
  `,
  // Was a meta entry for each pair, which SQL cannot join with the inbox to prune it.
  `
  CREATE TABLE horizons (
    source_node_id TEXT NOT NULL,
    source_tank_id TEXT NOT NULL,
    destination_tank_id TEXT NOT NULL,
    lowest_undecided INTEGER NOT NULL,
    PRIMARY KEY (source_node_id, source_tank_id, destination_tank_id)
  ) STRICT, WITHOUT ROWID;
  DELETE FROM meta WHERE key LIKE 'lowest_undecided %';
  `,
  // journal: one row. id identifies this journal for good, position counts its commits.
  `
  ALTER TABLE tanks ADD COLUMN origin TEXT NOT NULL DEFAULT 'founded';
  CREATE TABLE journal (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id TEXT NOT NULL,
    position INTEGER NOT NULL
  ) STRICT;
  INSERT INTO journal VALUES (1, lower(hex(randomblob(8))), 0);
  `,
  `
  CREATE TABLE remembered (
    node_id TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    statement TEXT NOT NULL,
    heard_by TEXT NOT NULL,
    heard_at INTEGER NOT NULL
  ) STRICT;
  `,
  // Fewer pages for each commit, as every changed page is written whole: the log is clustered by
  // tank instead of indexed, only open transfers are indexed by state, and events that can be
  // derived from the rows of their transfers are not stored.
  `
  CREATE TABLE log_by_tank (
    tank_id TEXT NOT NULL REFERENCES tanks ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload BLOB NOT NULL,
    digest TEXT,
    checksum TEXT NOT NULL,
    engine_version INTEGER NOT NULL,
    PRIMARY KEY (tank_id, seq)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO log_by_tank SELECT * FROM log ORDER BY tank_id, seq;
  DROP TABLE log;
  ALTER TABLE log_by_tank RENAME TO log;

  DROP INDEX outbox_by_state;
  CREATE INDEX outbox_open ON outbox (place) WHERE state IN ('pending', 'in_doubt');
  DROP INDEX inbox_by_decision;

  DELETE FROM transfer_events WHERE event NOT IN ('in_doubt', 'aborted')
    OR event = 'aborted' AND transfer_id NOT IN (SELECT transfer_id FROM outbox);
  `,
  "ALTER TABLE snapshots ADD COLUMN log_bytes INTEGER NOT NULL DEFAULT 0;",
  // A transfer's id is unique for its source only: under another node's key nobody can take it.
  `
  CREATE TABLE inbox_by_source (
    place INTEGER PRIMARY KEY,
    transfer_id TEXT NOT NULL,
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
    decided_at INTEGER NOT NULL,
    UNIQUE (transfer_id, source_node_id)
  ) STRICT;
  INSERT INTO inbox_by_source SELECT * FROM inbox;
  DROP TABLE inbox;
  ALTER TABLE inbox_by_source RENAME TO inbox;
  `,
  // Removed transfers are counted from now on. Whether earlier ones were is told by the sequences:
  // a pair has as many rows as its highest one, or as its horizon, unless some were removed.
  `
  CREATE TABLE transfer_counts (
    side TEXT NOT NULL,
    node_id TEXT NOT NULL,
    source_tank_id TEXT NOT NULL,
    destination_tank_id TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (side, node_id, source_tank_id, destination_tank_id, entity_type, state)
  ) STRICT, WITHOUT ROWID;

  WITH decided AS (
    SELECT source_node_id, source_tank_id, destination_tank_id,
      COUNT(*) AS count, MAX(sequence) AS highest
    FROM inbox GROUP BY 1, 2, 3
  )
  INSERT INTO meta
  SELECT 'transfers_uncounted', (SELECT json_group_object(tank_id, NULL) FROM tanks)
  WHERE EXISTS (
    SELECT 1 FROM outbox GROUP BY source_tank_id, destination_tank_id
    HAVING COUNT(*) < MAX(sequence)
  ) OR EXISTS (
    SELECT 1 FROM decided WHERE count < highest
  ) OR EXISTS (
    SELECT 1 FROM horizons
    LEFT JOIN decided USING (source_node_id, source_tank_id, destination_tank_id)
    WHERE lowest_undecided > 1 + COALESCE(count, 0)
  );
  `,
  `
  ALTER TABLE connections ADD COLUMN selection TEXT NOT NULL DEFAULT 'random';
  ALTER TABLE connections ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE connections ADD COLUMN rate REAL;
  ALTER TABLE connections ADD COLUMN status TEXT NOT NULL DEFAULT 'running';
  ALTER TABLE connections ADD COLUMN strategy TEXT NOT NULL DEFAULT 'failover';
  ALTER TABLE connections ADD COLUMN further_destinations TEXT NOT NULL DEFAULT '[]';
  `,
  "ALTER TABLE connections ADD COLUMN topology TEXT;",
  // Whole tanks move. source_node_id: NULL for the node of this journal.
  `
  ALTER TABLE outbox ADD COLUMN source_node_id TEXT;
  CREATE TABLE moves (
    move_id TEXT NOT NULL PRIMARY KEY,
    tank_id TEXT NOT NULL,
    name TEXT NOT NULL,
    direction TEXT NOT NULL,
    peer_node_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    state TEXT NOT NULL,
    digest TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE moved_tanks (
    tank_id TEXT NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL,
    node_id TEXT NOT NULL,
    certificates TEXT NOT NULL,
    moved_at INTEGER NOT NULL
  ) STRICT;
  `,
  // The transfers of a connection that have no row any more.
  `
  ALTER TABLE connections ADD COLUMN mode TEXT NOT NULL DEFAULT 'move';
  ALTER TABLE connections ADD COLUMN replacement TEXT NOT NULL DEFAULT 'refuse';
  CREATE TABLE connection_counts (
    connection_id TEXT NOT NULL,
    destination_node_id TEXT NOT NULL,
    destination_tank_id TEXT NOT NULL,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (connection_id, destination_node_id, destination_tank_id, state)
  ) STRICT, WITHOUT ROWID;
  `,
];
