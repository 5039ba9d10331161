import type {
  ConnectionCountRow,
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
  Watermark,
} from "../rows.ts";
import { pairIn } from "./outgrown.ts";

/** A row with its place in the order of arrival; a replacement keeps the place, like a rowid. */
export interface Placed<Row> {
  readonly place: number;
  readonly row: Row;
}

/** The tables of a journal in memory. Rows are immutable, so that maps may share them. */
export class MemoryTables {
  readonly tanks = new Map<string, TankRow>();
  readonly logs = new Map<string, Map<number, LogRow>>();
  readonly snapshots = new Map<string, Map<number, SnapshotRow>>();
  readonly connections = new Map<string, ConnectionRow>();
  readonly outbox = new Map<string, Placed<OutboxRow>>();
  readonly inbox = new Map<string, Placed<InboxRow>>();
  readonly horizons = new Map<string, number>();
  /** The counts of removed transfers, by {@link keyOfCount}. */
  readonly folded = new Map<string, TransferCountRow>();
  /** The same of connections, by {@link keyOfConnectionCount}. */
  readonly connectionCounts = new Map<string, ConnectionCountRow>();
  readonly events = new Map<string, readonly TransferEventRow[]>();
  readonly remembered = new Map<string, RememberedRow>();
  readonly moves = new Map<string, MoveRow>();
  readonly movedTanks = new Map<string, MovedTankRow>();
  readonly meta = new Map<string, string>();
  /** Independent of the log, so that entries that a test removes are detected as lost. */
  readonly watermarks = new Map<string, Watermark>();

  all(): readonly Map<string, unknown>[] {
    return [
      this.tanks,
      this.logs,
      this.snapshots,
      this.connections,
      this.outbox,
      this.inbox,
      this.horizons,
      this.folded,
      this.connectionCounts,
      this.events,
      this.remembered,
      this.moves,
      this.movedTanks,
      this.meta,
      this.watermarks,
    ];
  }

  horizonsOf(tankId: string): readonly HorizonRow[] {
    return [...this.horizons]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, lowest_undecided]) => ({ ...pairIn(key), lowest_undecided }))
      .filter(({ destination_tank_id }) => destination_tank_id === tankId);
  }

  /** Replaces the content by that of other tables. */
  fill(from: MemoryTables): void {
    for (const [tankId, rows] of from.logs) this.logs.set(tankId, new Map(rows));
    for (const [tankId, rows] of from.snapshots) this.snapshots.set(tankId, new Map(rows));
    add(this.tanks, from.tanks);
    add(this.connections, from.connections);
    add(this.outbox, from.outbox);
    add(this.inbox, from.inbox);
    add(this.horizons, from.horizons);
    add(this.folded, from.folded);
    add(this.connectionCounts, from.connectionCounts);
    add(this.events, from.events);
    add(this.remembered, from.remembered);
    add(this.moves, from.moves);
    add(this.movedTanks, from.movedTanks);
    add(this.meta, from.meta);
    add(this.watermarks, from.watermarks);
  }
}

/** Whether removed transfers were sent by that tank, or decided for it. */
export function isCountOf(tankId: string, row: TransferCountRow): boolean {
  return tankId === (row.side === "out" ? row.source_tank_id : row.destination_tank_id);
}

function add<K, V>(to: Map<K, V>, from: ReadonlyMap<K, V>): void {
  for (const [key, row] of from) to.set(key, row);
}

export function isOpen(row: OutboxRow): boolean {
  return row.state === "pending" || row.state === "in_doubt";
}

export function newestLast<Row>(rows: ReadonlyMap<string, Placed<Row>>): Row[] {
  return [...rows.values()].sort((a, b) => a.place - b.place).map((placed) => placed.row);
}

/** Bytes are copied both ways: a caller may transfer its buffer to a thread. */
export function copyLog(row: LogRow): LogRow {
  return { ...row, payload: row.payload.slice() };
}

export function copyOutbox(row: OutboxRow): OutboxRow {
  return { ...row, record: row.record.slice() };
}
