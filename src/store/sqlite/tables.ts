import type {
  ConnectionRow,
  HorizonRow,
  InboxRow,
  LogRow,
  MovedTankRow,
  MoveRow,
  OutboxRow,
  RememberedRow,
  SnapshotRow,
  TankRow,
  TransferCountRow,
  TransferEventRow,
} from "../rows.ts";

type Value = string | number | Uint8Array | null;
type RowOf<Row> = { readonly [Column in keyof Row]: Value };

/** Statements and conversions for the rows of one table. */
export interface Table<Row> {
  readonly name: string;
  /** `a, b, c`, for SELECT. */
  readonly columns: string;
  /** Inserts a row; an existing key is an error. */
  readonly insert: string;
  /** Inserts a row or updates the one with that key. Never deletes, so nothing cascades. */
  readonly upsert: string;
  /** Parameters of both statements. */
  values(row: Row): Value[];
}

/** `columns` must list every field of the row; the compiler checks that. */
function table<Row extends RowOf<Row>>(
  name: string,
  key: readonly (keyof Row & string)[],
  columns: Readonly<Record<keyof Row & string, true>>,
  updateOf = (column: string) => `excluded.${column}`,
): Table<Row> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  const list = names.join(", ");
  const insert = `INSERT INTO ${name} (${list}) VALUES (${names.map(() => "?").join(", ")})`;
  // Without the key: SQLite would rewrite its index.
  const updates = names
    .filter((column) => !key.includes(column))
    .map((column) => `${column} = ${updateOf(column)}`)
    .join(", ");
  return {
    name,
    columns: list,
    insert,
    upsert: `${insert} ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${updates}`,
    values: (row) => names.map((column) => row[column]),
  };
}

export const TANKS = table<TankRow>("tanks", ["tank_id"], {
  tank_id: true,
  name: true,
  description: true,
  created_at: true,
  seed: true,
  fish: true,
  tank_key: true,
  epoch: true,
  ordinal: true,
  origin: true,
});

export const LOG = table<LogRow>("log", ["tank_id", "seq"], {
  tank_id: true,
  seq: true,
  tick: true,
  kind: true,
  payload: true,
  digest: true,
  checksum: true,
  engine_version: true,
});

export const SNAPSHOTS = table<SnapshotRow>("snapshots", ["tank_id", "seq"], {
  tank_id: true,
  seq: true,
  tick: true,
  digest: true,
  file: true,
  bytes: true,
  engine_version: true,
  log_checksum: true,
  created_at: true,
  log_bytes: true,
});

export const CONNECTIONS = table<ConnectionRow>("connections", ["connection_id"], {
  connection_id: true,
  source_tank_id: true,
  destination_tank_id: true,
  destination_node_id: true,
  probability: true,
  direction: true,
  selection: true,
  count: true,
  rate: true,
  status: true,
  strategy: true,
  mode: true,
  replacement: true,
  further_destinations: true,
  topology: true,
  origin: true,
  created_at: true,
});

export const OUTBOX = table<OutboxRow>("outbox", ["transfer_id"], {
  transfer_id: true,
  source_tank_id: true,
  source_node_id: true,
  destination_tank_id: true,
  destination_node_id: true,
  connection_id: true,
  entity_type: true,
  entity_id: true,
  side: true,
  record: true,
  record_digest: true,
  sequence: true,
  state: true,
  attempts: true,
  reason: true,
  created_at: true,
  updated_at: true,
});

export const INBOX = table<InboxRow>("inbox", ["transfer_id", "source_node_id"], {
  transfer_id: true,
  source_tank_id: true,
  source_node_id: true,
  destination_tank_id: true,
  entity_type: true,
  entity_id: true,
  record_digest: true,
  sequence: true,
  decision: true,
  reason: true,
  epoch: true,
  decided_at: true,
});

export const HORIZONS = table<HorizonRow>(
  "horizons",
  ["source_node_id", "source_tank_id", "destination_tank_id"],
  {
    source_node_id: true,
    source_tank_id: true,
    destination_tank_id: true,
    lowest_undecided: true,
  },
  // Never lowered.
  (column) => `MAX(${column}, excluded.${column})`,
);

export const TRANSFER_COUNTS = table<TransferCountRow>(
  "transfer_counts",
  ["side", "node_id", "source_tank_id", "destination_tank_id", "entity_type", "state"],
  {
    side: true,
    node_id: true,
    source_tank_id: true,
    destination_tank_id: true,
    entity_type: true,
    state: true,
    count: true,
  },
);

export const MOVES = table<MoveRow>("moves", ["move_id"], {
  move_id: true,
  tank_id: true,
  name: true,
  direction: true,
  peer_node_id: true,
  epoch: true,
  state: true,
  digest: true,
  bytes: true,
  reason: true,
  created_at: true,
  updated_at: true,
});

export const MOVED_TANKS = table<MovedTankRow>("moved_tanks", ["tank_id"], {
  tank_id: true,
  epoch: true,
  node_id: true,
  certificates: true,
  moved_at: true,
});

export const REMEMBERED = table<RememberedRow>("remembered", ["node_id"], {
  node_id: true,
  position: true,
  boot_id: true,
  statement: true,
  heard_by: true,
  heard_at: true,
});

export const TRANSFER_EVENTS = table<TransferEventRow>("transfer_events", ["transfer_id"], {
  transfer_id: true,
  at: true,
  event: true,
  detail: true,
});
