import type {
  ConnectionRow,
  InboxRow,
  LogRow,
  MovedTankRow,
  MoveRow,
  OutboxRow,
  RememberedRow,
  SnapshotRow,
  TankRow,
  TransferEventRow,
} from "../../src/store/rows.ts";

/** Rows with plausible values, for tests that care about one or two fields. */

export function tankRow(tank_id: string, ordinal = 1): TankRow {
  return {
    tank_id,
    name: `tank ${tank_id}`,
    description: "",
    created_at: 1_700_000_000_000,
    seed: Number.MAX_SAFE_INTEGER,
    fish: 50,
    tank_key: "0123456789abcdef",
    epoch: 1,
    ordinal,
    origin: "founded",
  };
}

export function logRow(tank_id: string, seq: number): LogRow {
  return {
    tank_id,
    seq,
    tick: seq * 10,
    kind: "feed",
    payload: Uint8Array.of(seq & 255, 0, 255),
    digest: null,
    checksum: `checksum ${seq}`,
    engine_version: 1,
  };
}

export function snapshotRow(tank_id: string, seq: number): SnapshotRow {
  return {
    tank_id,
    seq,
    tick: seq * 10,
    digest: "d1",
    file: `snapshots/${tank_id}/${seq}`,
    bytes: 1234,
    engine_version: 1,
    log_checksum: `checksum ${seq}`,
    created_at: 1_700_000_000_000,
    log_bytes: seq * 150,
  };
}

export function connectionRow(connection_id: string, created_at = 1): ConnectionRow {
  return {
    connection_id,
    source_tank_id: "t1",
    destination_tank_id: "t2",
    destination_node_id: "n2",
    probability: 12.5,
    direction: "both",
    selection: "best:speed",
    count: 3,
    rate: 7.5,
    status: "paused",
    strategy: "round-robin",
    mode: "copy",
    replacement: "fair",
    further_destinations: '[["n3","t3"]]',
    topology: "ring",
    origin: "auto",
    created_at,
  };
}

export function outboxRow(transfer_id: string, sequence = 1): OutboxRow {
  return {
    transfer_id,
    source_tank_id: "t1",
    source_node_id: null,
    destination_tank_id: "t2",
    destination_node_id: "n2",
    connection_id: null,
    entity_type: "fish",
    entity_id: "0123456789abcdef-1",
    side: "left",
    record: Uint8Array.of(1, 2, 3),
    record_digest: "d1",
    sequence,
    state: "pending",
    attempts: 0,
    reason: null,
    created_at: 1,
    updated_at: 1,
  };
}

export function moveRow(move_id: string, created_at = 1): MoveRow {
  return {
    move_id,
    tank_id: "t1",
    name: "reef",
    direction: "out",
    peer_node_id: "n2",
    epoch: 2,
    state: "sealed",
    digest: "d1",
    bytes: 123,
    reason: null,
    created_at,
    updated_at: 2,
  };
}

export function movedTankRow(tank_id: string): MovedTankRow {
  return { tank_id, epoch: 2, node_id: "n2", certificates: "[]", moved_at: 1 };
}

export function inboxRow(transfer_id: string): InboxRow {
  return {
    transfer_id,
    source_tank_id: "t1",
    source_node_id: "n1",
    destination_tank_id: "t2",
    entity_type: "fish",
    entity_id: null,
    record_digest: null,
    sequence: 1,
    decision: "accepted",
    reason: null,
    epoch: 1,
    decided_at: 1,
  };
}

export function eventRow(transfer_id: string, at: number): TransferEventRow {
  return { transfer_id, at, event: "initiated", detail: `at ${at}` };
}

export function rememberedRow(node_id: string, position: number): RememberedRow {
  const statement = `${position}.b1.signature`;
  return { node_id, position, boot_id: "b1", statement, heard_by: "handshake", heard_at: 1 };
}
