import { LIMITS } from "../../platform/limits.ts";
import {
  type Journal,
  type JournalBounds,
  JournalConflict,
  type JournalWrite,
  StorageUnavailable,
  type TransferFilter,
} from "../journal.ts";
import type {
  ConnectionRow,
  HorizonRow,
  InboxRow,
  LogRow,
  OutboxRow,
  RememberedRow,
  SnapshotRow,
  TankRow,
  TransferEventRow,
  Watermark,
} from "../rows.ts";
import { keyOfPair, outgrownDecisions, outgrownTransfers } from "./outgrown.ts";
import { UndoLog } from "./undo.ts";

/** A row with a place in the order of arrival; the place survives a replacement, as a rowid does. */
interface Placed<Row> {
  readonly place: number;
  readonly row: Row;
}

/**
 * The journal in memory: for the seeded simulator, where the object outlives the node that is
 * killed, and for tests. Each commit takes effect whole and at once, inside the call.
 */
export class MemoryJournal implements Journal {
  /** While set, every commit rejects with {@link StorageUnavailable} and this sentence. */
  fault: string | undefined;

  readonly #transferEventsMax: number;
  readonly #transfersKeptMax: number;
  readonly #tanks = new Map<string, TankRow>();
  readonly #logs = new Map<string, Map<number, LogRow>>();
  readonly #snapshots = new Map<string, Map<number, SnapshotRow>>();
  readonly #connections = new Map<string, ConnectionRow>();
  readonly #outbox = new Map<string, Placed<OutboxRow>>();
  readonly #inbox = new Map<string, Placed<InboxRow>>();
  readonly #horizons = new Map<string, number>();
  readonly #events = new Map<string, readonly TransferEventRow[]>();
  readonly #remembered = new Map<string, RememberedRow>();
  readonly #meta = new Map<string, string>();
  /** Outside of the log, so that what a test takes from the log is missed. */
  readonly #watermarks = new Map<string, Watermark>();
  #places = 0;
  #eventCount = 0;
  #position = 0;

  constructor(bounds: JournalBounds = LIMITS) {
    this.#transferEventsMax = bounds.transferEventsMax;
    this.#transfersKeptMax = bounds.transfersKeptMax;
  }

  get position(): number {
    return this.#position;
  }

  /** Another journal that holds the same: a disk that was copied, or what a backup has of it. */
  copy(): MemoryJournal {
    const copy = new MemoryJournal({
      transferEventsMax: this.#transferEventsMax,
      transfersKeptMax: this.#transfersKeptMax,
    });
    fill(copy.#tanks, this.#tanks);
    for (const [tankId, rows] of this.#logs) copy.#logs.set(tankId, new Map(rows));
    for (const [tankId, rows] of this.#snapshots) copy.#snapshots.set(tankId, new Map(rows));
    fill(copy.#watermarks, this.#watermarks);
    fill(copy.#connections, this.#connections);
    fill(copy.#outbox, this.#outbox);
    fill(copy.#inbox, this.#inbox);
    fill(copy.#horizons, this.#horizons);
    fill(copy.#events, this.#events);
    fill(copy.#remembered, this.#remembered);
    fill(copy.#meta, this.#meta);
    copy.#places = this.#places;
    copy.#eventCount = this.#eventCount;
    copy.#position = this.#position;
    return copy;
  }

  async commit(writes: readonly JournalWrite[]): Promise<void> {
    if (this.fault !== undefined) throw new StorageUnavailable(this.fault);
    if (writes.length === 0) return;
    const undo = new UndoLog();
    const eventCount = this.#eventCount;
    try {
      for (const write of writes) this.#apply(write, undo);
      this.#foldEvents(undo);
      this.#dropOutgrown(undo);
    } catch (error) {
      undo.rollBack();
      this.#eventCount = eventCount;
      throw error;
    }
    this.#position++;
  }

  /**
   * The storage loses the end of a tank's log, from entry `fromSeq` on, and says nothing: for tests
   * of what notices.
   */
  loseLog(tankId: string, fromSeq: number): void {
    const rows = this.#logs.get(tankId);
    for (const seq of [...(rows?.keys() ?? [])]) if (seq >= fromSeq) rows?.delete(seq);
  }

  async watermarks(): Promise<readonly Watermark[]> {
    return [...this.#watermarks.values()].sort((a, b) => (a.tank_id < b.tank_id ? -1 : 1));
  }

  #apply(write: JournalWrite, undo: UndoLog): void {
    if ("put" in write) this.#put(write, undo);
    else if ("remove" in write) this.#remove(write, undo);
    else this.#updateOutbox(write, undo);
  }

  #put(write: Extract<JournalWrite, { put: unknown }>, undo: UndoLog): void {
    switch (write.put) {
      case "tank":
        undo.set(this.#tanks, write.row.tank_id, { ...write.row });
        break;
      case "log":
        this.#putLog(write.row, undo);
        break;
      case "snapshot":
        undo.set(this.#ofTank(this.#snapshots, write.row.tank_id, undo), write.row.seq, {
          ...write.row,
        });
        break;
      case "connection":
        undo.set(this.#connections, write.row.connection_id, { ...write.row });
        break;
      case "outbox":
        this.#putOutbox(write.row, undo);
        break;
      case "inbox":
        this.#putInbox(write.row, undo);
        break;
      case "horizon":
        undo.set(this.#horizons, keyOfPair(write.row), write.row.lowest_undecided);
        break;
      case "event":
        this.#putEvent(write.row, undo);
        break;
      case "remembered":
        undo.set(this.#remembered, write.row.node_id, { ...write.row });
        break;
      case "meta":
        undo.set(this.#meta, write.key, write.value);
        break;
    }
  }

  #putLog(row: LogRow, undo: UndoLog): void {
    const rows = this.#ofTank(this.#logs, row.tank_id, undo);
    if (rows.has(row.seq)) throw new JournalConflict(`log ${row.tank_id} ${row.seq} is written`);
    undo.set(rows, row.seq, copyLog(row));
    const { tank_id, seq, tick, checksum } = row;
    if (seq >= (this.#watermarks.get(tank_id)?.seq ?? 0)) {
      undo.set(this.#watermarks, tank_id, { tank_id, seq, tick, checksum });
    }
  }

  #putOutbox(row: OutboxRow, undo: UndoLog): void {
    const place = this.#outbox.get(row.transfer_id)?.place ?? this.#places++;
    undo.set(this.#outbox, row.transfer_id, { place, row: copyOutbox(row) });
  }

  #putInbox(row: InboxRow, undo: UndoLog): void {
    if (this.#inbox.has(row.transfer_id)) {
      throw new JournalConflict(`transfer ${row.transfer_id} is decided`);
    }
    undo.set(this.#inbox, row.transfer_id, { place: this.#places++, row: { ...row } });
  }

  #putEvent(row: TransferEventRow, undo: UndoLog): void {
    const before = this.#events.get(row.transfer_id) ?? [];
    undo.set(this.#events, row.transfer_id, [...before, { ...row }]);
    this.#eventCount++;
  }

  #remove(write: Extract<JournalWrite, { remove: unknown }>, undo: UndoLog): void {
    switch (write.remove) {
      case "tank":
        undo.delete(this.#tanks, write.tank_id);
        undo.delete(this.#logs, write.tank_id);
        undo.delete(this.#snapshots, write.tank_id);
        undo.delete(this.#watermarks, write.tank_id);
        break;
      case "connection":
        undo.delete(this.#connections, write.connection_id);
        break;
      case "remembered":
        undo.delete(this.#remembered, write.node_id);
        break;
      case "everything":
        this.#removeEverything(undo);
        break;
      case "snapshot":
        undo.delete(this.#snapshots.get(write.tank_id) ?? new Map(), write.seq);
        break;
      case "log": {
        const rows = this.#logs.get(write.tank_id) ?? new Map<number, LogRow>();
        for (const seq of rows.keys()) if (seq <= write.up_to_seq) undo.delete(rows, seq);
        break;
      }
    }
  }

  #removeEverything(undo: UndoLog): void {
    const all: readonly Map<string, unknown>[] = [
      this.#tanks,
      this.#logs,
      this.#snapshots,
      this.#watermarks,
      this.#connections,
      this.#outbox,
      this.#inbox,
      this.#horizons,
      this.#events,
      this.#remembered,
      this.#meta,
    ];
    for (const rows of all) for (const key of [...rows.keys()]) undo.delete(rows, key);
    this.#eventCount = 0;
  }

  #updateOutbox(write: Extract<JournalWrite, { update: unknown }>, undo: UndoLog): void {
    const placed = this.#outbox.get(write.transfer_id);
    if (!placed) throw new JournalConflict(`transfer ${write.transfer_id} is not in the outbox`);
    const { state, attempts, reason, updated_at } = write;
    const changed = { ...placed.row, state, attempts, reason, updated_at };
    const row = isOpen(changed) ? changed : { ...changed, record: new Uint8Array() };
    undo.set(this.#outbox, write.transfer_id, { place: placed.place, row });
  }

  #ofTank<Row>(
    all: Map<string, Map<number, Row>>,
    tankId: string,
    undo: UndoLog,
  ): Map<number, Row> {
    if (!this.#tanks.has(tankId)) throw new JournalConflict(`there is no tank ${tankId}`);
    const known = all.get(tankId);
    if (known) return known;
    const rows = new Map<number, Row>();
    undo.set(all, tankId, rows);
    return rows;
  }

  #foldEvents(undo: UndoLog): void {
    if (this.#eventCount <= this.#transferEventsMax) return;
    const before = Number(this.#meta.get("transfer_events_folded") ?? 0);
    let folded = before;
    for (const [transferId, events] of this.#events) {
      if (this.#eventCount <= this.#transferEventsMax) break;
      const open = this.#outbox.get(transferId);
      if (open && isOpen(open.row)) continue;
      undo.delete(this.#events, transferId);
      this.#eventCount -= events.length;
      folded += events.length;
    }
    if (folded > before) undo.set(this.#meta, "transfer_events_folded", String(folded));
  }

  #dropOutgrown(undo: UndoLog): void {
    const tooMany = (rows: ReadonlyMap<string, unknown>) =>
      Math.max(0, rows.size - this.#transfersKeptMax);
    const sent = tooMany(this.#outbox);
    if (sent > 0) {
      const outgrown = outgrownTransfers(newestLast(this.#outbox)).slice(0, sent);
      for (const { transfer_id } of outgrown) undo.delete(this.#outbox, transfer_id);
    }
    const decided = tooMany(this.#inbox);
    if (decided > 0) {
      const outgrown = outgrownDecisions(newestLast(this.#inbox), this.#horizons).slice(0, decided);
      for (const { transfer_id } of outgrown) undo.delete(this.#inbox, transfer_id);
    }
  }

  async watermark(tankId: string): Promise<Watermark | undefined> {
    return this.#watermarks.get(tankId);
  }

  async tanks(): Promise<readonly TankRow[]> {
    return [...this.#tanks.values()].sort((a, b) => a.ordinal - b.ordinal);
  }

  async log(tankId: string, afterSeq: number): Promise<readonly LogRow[]> {
    const rows = [...(this.#logs.get(tankId)?.values() ?? [])];
    return rows
      .filter((row) => row.seq > afterSeq)
      .sort((a, b) => a.seq - b.seq)
      .map(copyLog);
  }

  async snapshots(tankId: string): Promise<readonly SnapshotRow[]> {
    return [...(this.#snapshots.get(tankId)?.values() ?? [])].sort((a, b) => b.seq - a.seq);
  }

  async connections(): Promise<readonly ConnectionRow[]> {
    return [...this.#connections.values()].sort(
      (a, b) => a.created_at - b.created_at || (a.connection_id < b.connection_id ? -1 : 1),
    );
  }

  async openOutbox(): Promise<readonly OutboxRow[]> {
    return newestLast(this.#outbox).filter(isOpen).map(copyOutbox);
  }

  async outbox(filter: TransferFilter): Promise<readonly OutboxRow[]> {
    const rows = newestLast(this.#outbox).reverse();
    return rows
      .filter((row) => filter.states?.includes(row.state) ?? true)
      .slice(0, filter.limit)
      .map(copyOutbox);
  }

  async outboxRow(transferId: string): Promise<OutboxRow | undefined> {
    const placed = this.#outbox.get(transferId);
    return placed && copyOutbox(placed.row);
  }

  async inbox(filter: TransferFilter): Promise<readonly InboxRow[]> {
    const rows = newestLast(this.#inbox).reverse();
    return rows
      .filter((row) => filter.states?.includes(row.decision) ?? true)
      .slice(0, filter.limit);
  }

  async inboxRow(transferId: string): Promise<InboxRow | undefined> {
    return this.#inbox.get(transferId)?.row;
  }

  async horizon(pair: Omit<HorizonRow, "lowest_undecided">): Promise<number> {
    return this.#horizons.get(keyOfPair(pair)) ?? 0;
  }

  async lastSequences(): ReturnType<Journal["lastSequences"]> {
    const last = new Map<string, Awaited<ReturnType<Journal["lastSequences"]>>[number]>();
    for (const { row } of this.#outbox.values()) {
      const { source_tank_id, destination_tank_id, sequence } = row;
      const pair = `${source_tank_id} ${destination_tank_id}`;
      if ((last.get(pair)?.sequence ?? 0) < sequence) {
        last.set(pair, { source_tank_id, destination_tank_id, sequence });
      }
    }
    return [...last.keys()].sort().flatMap((pair) => last.get(pair) ?? []);
  }

  async events(transferId: string): Promise<readonly TransferEventRow[]> {
    return this.#events.get(transferId) ?? [];
  }

  async remembered(): Promise<readonly RememberedRow[]> {
    return [...this.#remembered.values()].sort((a, b) => (a.node_id < b.node_id ? -1 : 1));
  }

  async meta(key: string): Promise<string | undefined> {
    return this.#meta.get(key);
  }
}

/** Rows are never changed in place, so that maps may share them. */
function fill<K, V>(to: Map<K, V>, from: ReadonlyMap<K, V>): void {
  for (const [key, row] of from) to.set(key, row);
}

function isOpen(row: OutboxRow): boolean {
  return row.state === "pending" || row.state === "in_doubt";
}

function newestLast<Row>(rows: ReadonlyMap<string, Placed<Row>>): Row[] {
  return [...rows.values()].sort((a, b) => a.place - b.place).map((placed) => placed.row);
}

/** Bytes are copied both ways: a caller may hand its buffer to a thread and lose it. */
function copyLog(row: LogRow): LogRow {
  return { ...row, payload: row.payload.slice() };
}

function copyOutbox(row: OutboxRow): OutboxRow {
  return { ...row, record: row.record.slice() };
}
