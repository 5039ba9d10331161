import { LIMITS } from "../../platform/limits.ts";
import {
  connectionCountOf,
  countOfInbox,
  countOfOutbox,
  keyOfConnectionCount,
  keyOfCount,
  sumOfCounts,
} from "../counts.ts";
import {
  type Journal,
  type JournalBounds,
  JournalConflict,
  type JournalWrite,
  StorageUnavailable,
} from "../journal.ts";
import type {
  HorizonRow,
  InboxRow,
  LogRow,
  OutboxRow,
  TankRow,
  TransferCountRow,
  TransferEventRow,
} from "../rows.ts";
import { keyOfPair, keyOfTransfer, outgrownDecisions, outgrownTransfers } from "./outgrown.ts";
import { MemoryReads } from "./reads.ts";
import { copyLog, copyOutbox, isCountOf, isOpen, newestLast } from "./tables.ts";
import { UndoLog } from "./undo.ts";
import type { Unsynced } from "./unsynced.ts";

/**
 * The journal in memory: for the seeded simulator, where the object outlives a killed node, and for
 * tests. Each commit takes effect atomically, inside the call.
 */
export class MemoryJournal extends MemoryReads implements Journal {
  /** While set, every commit rejects with {@link StorageUnavailable} and this sentence. */
  fault: string | undefined;
  /** Takes what a loss of power takes back; without it each commit is durable at once. */
  unsynced: Unsynced | undefined;

  readonly #transferEventsMax: number;
  readonly #transfersKeptMax: number;
  #places = 0;
  #eventCount = 0;
  #position = 0;

  constructor(bounds: JournalBounds = LIMITS) {
    super();
    this.#transferEventsMax = bounds.transferEventsMax;
    this.#transfersKeptMax = bounds.transfersKeptMax;
  }

  get position(): number {
    return this.#position;
  }

  /** A copy of the journal: a copied disk, or a backup. */
  copy(): MemoryJournal {
    const copy = new MemoryJournal({
      transferEventsMax: this.#transferEventsMax,
      transfersKeptMax: this.#transfersKeptMax,
    });
    copy.tables.fill(this.tables);
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
    this.unsynced?.add(() => {
      undo.rollBack();
      this.#eventCount = eventCount;
      this.#position--;
    });
  }

  /**
   * Silently loses the end of a tank's log, from entry `fromSeq` on: for tests of the detection.
   */
  loseLog(tankId: string, fromSeq: number): void {
    const rows = this.tables.logs.get(tankId);
    for (const seq of [...(rows?.keys() ?? [])]) if (seq >= fromSeq) rows?.delete(seq);
  }

  /** Silently loses a transfer that it was sent, or its decision: for tests of the audit. */
  loseTransfer(side: "out" | "in", transferId: string): void {
    if (side === "out") this.tables.outbox.delete(transferId);
    for (const [key, { row }] of side === "in" ? [...this.tables.inbox] : []) {
      if (row.transfer_id === transferId) this.tables.inbox.delete(key);
    }
  }

  #apply(write: JournalWrite, undo: UndoLog): void {
    if ("put" in write) this.#put(write, undo);
    else if ("remove" in write) this.#remove(write, undo);
    else this.#updateOutbox(write, undo);
  }

  #put(write: Extract<JournalWrite, { put: unknown }>, undo: UndoLog): void {
    switch (write.put) {
      case "tank":
        this.#putTank(write.row, undo);
        break;
      case "log":
        this.#putLog(write.row, undo);
        break;
      case "snapshot":
        undo.set(this.#ofTank(this.tables.snapshots, write.row.tank_id, undo), write.row.seq, {
          ...write.row,
        });
        break;
      case "connection":
        undo.set(this.tables.connections, write.row.connection_id, { ...write.row });
        break;
      case "outbox":
        this.#putOutbox(write.row, undo);
        break;
      case "inbox":
        this.#putInbox(write.row, undo);
        break;
      case "horizon":
        this.#raiseHorizon(write.row, undo);
        break;
      case "event":
        this.#putEvent(write.row, undo);
        break;
      case "remembered":
        undo.set(this.tables.remembered, write.row.node_id, { ...write.row });
        break;
      case "move":
        undo.set(this.tables.moves, write.row.move_id, { ...write.row });
        break;
      case "moved_tank":
        undo.set(this.tables.movedTanks, write.row.tank_id, { ...write.row });
        break;
      case "transfer_count":
        undo.set(this.tables.folded, keyOfCount(write.row), { ...write.row });
        break;
      case "meta":
        undo.set(this.tables.meta, write.key, write.value);
        break;
    }
  }

  #raiseHorizon(row: HorizonRow, undo: UndoLog): void {
    const before = this.tables.horizons.get(keyOfPair(row)) ?? 0;
    const lowest = Math.max(before, row.lowest_undecided);
    undo.set(this.tables.horizons, keyOfPair(row), lowest);
  }

  #removeDecisions(nodeIds: readonly string[], rowsMax: number, undo: UndoLog): void {
    const nodes = new Set(nodeIds);
    const rows = newestLast(this.tables.inbox).filter((row) => nodes.has(row.source_node_id));
    for (const row of rows.slice(0, Math.max(0, rows.length - rowsMax))) {
      this.#raiseHorizon({ ...row, lowest_undecided: row.sequence + 1 }, undo);
      this.#dropDecision(row, undo);
    }
  }

  #dropDecision(row: InboxRow, undo: UndoLog): void {
    this.#fold(countOfInbox(row), undo);
    undo.delete(this.tables.inbox, keyOfTransfer(row));
  }

  #putTank(row: TankRow, undo: UndoLog): void {
    const before = this.tables.tanks.get(row.tank_id);
    undo.set(this.tables.tanks, row.tank_id, { ...row });
    if (before?.tank_key !== row.tank_key) undo.delete(this.tables.watermarks, row.tank_id);
  }

  #putLog(row: LogRow, undo: UndoLog): void {
    const rows = this.#ofTank(this.tables.logs, row.tank_id, undo);
    if (rows.has(row.seq)) throw new JournalConflict(`log ${row.tank_id} ${row.seq} is written`);
    undo.set(rows, row.seq, copyLog(row));
    const { tank_id, seq, tick, checksum } = row;
    if (seq >= (this.tables.watermarks.get(tank_id)?.seq ?? 0)) {
      undo.set(this.tables.watermarks, tank_id, { tank_id, seq, tick, checksum });
    }
  }

  #putOutbox(row: OutboxRow, undo: UndoLog): void {
    const place = this.tables.outbox.get(row.transfer_id)?.place ?? this.#places++;
    undo.set(this.tables.outbox, row.transfer_id, { place, row: copyOutbox(row) });
  }

  #putInbox(row: InboxRow, undo: UndoLog): void {
    if (this.tables.inbox.has(keyOfTransfer(row))) {
      throw new JournalConflict(`transfer ${row.transfer_id} is decided`);
    }
    undo.set(this.tables.inbox, keyOfTransfer(row), { place: this.#places++, row: { ...row } });
  }

  #putEvent(row: TransferEventRow, undo: UndoLog): void {
    const before = this.tables.events.get(row.transfer_id) ?? [];
    undo.set(this.tables.events, row.transfer_id, [...before, { ...row }]);
    this.#eventCount++;
  }

  #remove(write: Extract<JournalWrite, { remove: unknown }>, undo: UndoLog): void {
    switch (write.remove) {
      case "tank":
        undo.delete(this.tables.tanks, write.tank_id);
        undo.delete(this.tables.logs, write.tank_id);
        undo.delete(this.tables.snapshots, write.tank_id);
        undo.delete(this.tables.watermarks, write.tank_id);
        break;
      case "connection":
        undo.delete(this.tables.connections, write.connection_id);
        for (const [key, row] of this.tables.connectionCounts) {
          if (row.connection_id !== write.connection_id) continue;
          undo.delete(this.tables.connectionCounts, key);
        }
        break;
      case "remembered":
        undo.delete(this.tables.remembered, write.node_id);
        break;
      case "decisions":
        this.#removeDecisions(write.source_node_ids, write.rowsMax, undo);
        break;
      case "move":
        undo.delete(this.tables.moves, write.move_id);
        break;
      case "tank_transfers":
        this.#removeTransfers(write.tank_id, undo);
        break;
      case "everything":
        this.#removeEverything(undo);
        break;
      case "snapshot":
        undo.delete(this.tables.snapshots.get(write.tank_id) ?? new Map(), write.seq);
        break;
      case "log": {
        const rows = this.tables.logs.get(write.tank_id) ?? new Map<number, LogRow>();
        for (const seq of rows.keys()) if (seq <= write.up_to_seq) undo.delete(rows, seq);
        break;
      }
    }
  }

  #removeTransfers(tankId: string, undo: UndoLog): void {
    const { outbox, inbox, events, horizons, folded } = this.tables;
    for (const [id, { row }] of [...outbox]) {
      if (row.source_tank_id !== tankId) continue;
      this.#eventCount -= events.get(id)?.length ?? 0;
      undo.delete(events, id);
      undo.delete(outbox, id);
    }
    for (const [key, { row }] of [...inbox]) {
      if (row.destination_tank_id === tankId) undo.delete(inbox, key);
    }
    for (const row of this.tables.horizonsOf(tankId)) undo.delete(horizons, keyOfPair(row));
    for (const [key, row] of [...folded]) if (isCountOf(tankId, row)) undo.delete(folded, key);
  }

  #removeEverything(undo: UndoLog): void {
    for (const rows of this.tables.all())
      for (const key of [...rows.keys()]) undo.delete(rows, key);
    this.#eventCount = 0;
  }

  #updateOutbox(write: Extract<JournalWrite, { update: unknown }>, undo: UndoLog): void {
    const placed = this.tables.outbox.get(write.transfer_id);
    if (!placed) throw new JournalConflict(`transfer ${write.transfer_id} is not in the outbox`);
    const { state, attempts, reason, updated_at } = write;
    const changed = { ...placed.row, state, attempts, reason, updated_at };
    const row = isOpen(changed) ? changed : { ...changed, record: new Uint8Array() };
    undo.set(this.tables.outbox, write.transfer_id, { place: placed.place, row });
  }

  #ofTank<Row>(
    all: Map<string, Map<number, Row>>,
    tankId: string,
    undo: UndoLog,
  ): Map<number, Row> {
    if (!this.tables.tanks.has(tankId)) throw new JournalConflict(`there is no tank ${tankId}`);
    const known = all.get(tankId);
    if (known) return known;
    const rows = new Map<number, Row>();
    undo.set(all, tankId, rows);
    return rows;
  }

  #foldEvents(undo: UndoLog): void {
    if (this.#eventCount <= this.#transferEventsMax) return;
    const before = Number(this.tables.meta.get("transfer_events_folded") ?? 0);
    let folded = before;
    for (const [transferId, events] of this.tables.events) {
      if (this.#eventCount <= this.#transferEventsMax) break;
      const open = this.tables.outbox.get(transferId);
      if (open && isOpen(open.row)) continue;
      undo.delete(this.tables.events, transferId);
      this.#eventCount -= events.length;
      folded += events.length;
    }
    if (folded > before) undo.set(this.tables.meta, "transfer_events_folded", String(folded));
  }

  #dropOutgrown(undo: UndoLog): void {
    const tooMany = (rows: ReadonlyMap<string, unknown>) =>
      Math.max(0, rows.size - this.#transfersKeptMax);
    const sent = tooMany(this.tables.outbox);
    if (sent > 0) {
      const outgrown = outgrownTransfers(newestLast(this.tables.outbox)).slice(0, sent);
      for (const row of outgrown) {
        this.#fold(countOfOutbox(row), undo);
        this.#foldOfConnection(row, undo);
        undo.delete(this.tables.outbox, row.transfer_id);
      }
    }
    const decided = tooMany(this.tables.inbox);
    if (decided > 0) {
      const outgrown = outgrownDecisions(newestLast(this.tables.inbox), this.tables.horizons).slice(
        0,
        decided,
      );
      for (const row of outgrown) this.#dropDecision(row, undo);
    }
  }

  #foldOfConnection(row: OutboxRow, undo: UndoLog): void {
    const one = connectionCountOf(row);
    if (!one || !this.tables.connections.has(one.connection_id)) return;
    const key = keyOfConnectionCount(one);
    const before = this.tables.connectionCounts.get(key);
    undo.set(this.tables.connectionCounts, key, sumOfCounts(before, one));
  }

  #fold(row: TransferCountRow, undo: UndoLog): void {
    const key = keyOfCount(row);
    const before = this.tables.folded.get(key)?.count ?? 0;
    undo.set(this.tables.folded, key, { ...row, count: before + row.count });
  }
}
