import {
  addCount,
  type Counts,
  connectionCountOf,
  countOfInbox,
  countOfOutbox,
  keyOfConnectionCount,
  listCounts,
  sumOfCounts,
} from "../counts.ts";
import type { JournalReads, TransferFilter } from "../journal.ts";
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
  TankTransfers,
  TransferCountRow,
  TransferEventRow,
  Watermark,
} from "../rows.ts";
import { keyOfPair, keyOfTransfer, pairOfKey } from "./outgrown.ts";
import { copyLog, copyOutbox, isCountOf, isOpen, MemoryTables, newestLast } from "./tables.ts";

/** Reads of a journal in memory. */
export class MemoryReads implements Omit<JournalReads, "position"> {
  protected readonly tables = new MemoryTables();

  async watermarks(): Promise<readonly Watermark[]> {
    return [...this.tables.watermarks.values()].sort((a, b) => (a.tank_id < b.tank_id ? -1 : 1));
  }

  async watermark(tankId: string): Promise<Watermark | undefined> {
    return this.tables.watermarks.get(tankId);
  }

  async tanks(): Promise<readonly TankRow[]> {
    return [...this.tables.tanks.values()].sort((a, b) => a.ordinal - b.ordinal);
  }

  async log(tankId: string, afterSeq: number): Promise<readonly LogRow[]> {
    const rows = [...(this.tables.logs.get(tankId)?.values() ?? [])];
    return rows
      .filter((row) => row.seq > afterSeq)
      .sort((a, b) => a.seq - b.seq)
      .map(copyLog);
  }

  async logStart(tankId: string): Promise<number | undefined> {
    return (await this.log(tankId, 0))[0]?.seq;
  }

  async snapshots(tankId: string): Promise<readonly SnapshotRow[]> {
    return [...(this.tables.snapshots.get(tankId)?.values() ?? [])].sort((a, b) => b.seq - a.seq);
  }

  async connections(): Promise<readonly ConnectionRow[]> {
    return [...this.tables.connections.values()].sort(
      (a, b) => a.created_at - b.created_at || (a.connection_id < b.connection_id ? -1 : 1),
    );
  }

  async openOutbox(): Promise<readonly OutboxRow[]> {
    return newestLast(this.tables.outbox).filter(isOpen).map(copyOutbox);
  }

  async outbox(filter: TransferFilter): Promise<readonly OutboxRow[]> {
    const rows = newestLast(this.tables.outbox).reverse();
    return rows
      .filter((row) => filter.states?.includes(row.state) ?? true)
      .slice(0, filter.limit)
      .map(copyOutbox);
  }

  async outboxRow(transferId: string): Promise<OutboxRow | undefined> {
    const placed = this.tables.outbox.get(transferId);
    return placed && copyOutbox(placed.row);
  }

  async inbox(filter: TransferFilter): Promise<readonly InboxRow[]> {
    const rows = newestLast(this.tables.inbox).reverse();
    return rows
      .filter((row) => filter.states?.includes(row.decision) ?? true)
      .slice(0, filter.limit);
  }

  async inboxRow(sourceNodeId: string, transferId: string): Promise<InboxRow | undefined> {
    const key = keyOfTransfer({ source_node_id: sourceNodeId, transfer_id: transferId });
    return this.tables.inbox.get(key)?.row;
  }

  async inboxRows(transferId: string): Promise<readonly InboxRow[]> {
    return newestLast(this.tables.inbox).filter((row) => row.transfer_id === transferId);
  }

  async arrivals(entityIds: readonly string[]): Promise<readonly InboxRow[]> {
    const wanted: ReadonlySet<string | null> = new Set(entityIds);
    return newestLast(this.tables.inbox).filter(
      (row) => row.decision === "accepted" && wanted.has(row.entity_id),
    );
  }

  async horizon(pair: Omit<HorizonRow, "lowest_undecided">): Promise<number> {
    return this.tables.horizons.get(keyOfPair(pair)) ?? 0;
  }

  async horizons(): Promise<readonly HorizonRow[]> {
    return [...this.tables.horizons.keys()].sort().map((key) => ({
      ...pairOfKey(key),
      lowest_undecided: this.tables.horizons.get(key) ?? 0,
    }));
  }

  async lastSequences(): ReturnType<JournalReads["lastSequences"]> {
    const last = new Map<string, Awaited<ReturnType<JournalReads["lastSequences"]>>[number]>();
    for (const { row } of this.tables.outbox.values()) {
      const { source_tank_id, destination_tank_id, sequence } = row;
      const pair = `${source_tank_id} ${destination_tank_id}`;
      if ((last.get(pair)?.sequence ?? 0) < sequence) {
        last.set(pair, { source_tank_id, destination_tank_id, sequence });
      }
    }
    return [...last.keys()].sort().flatMap((pair) => last.get(pair) ?? []);
  }

  async transferCounts(): Promise<readonly TransferCountRow[]> {
    const counts: Counts = new Map(this.tables.folded);
    for (const { row } of this.tables.outbox.values()) addCount(counts, countOfOutbox(row));
    for (const { row } of this.tables.inbox.values()) addCount(counts, countOfInbox(row));
    return listCounts(counts);
  }

  async connectionCounts(): Promise<readonly ConnectionCountRow[]> {
    const counts = new Map(this.tables.connectionCounts);
    for (const { row } of this.tables.outbox.values()) {
      const one = connectionCountOf(row);
      if (!one || !this.tables.connections.has(one.connection_id)) continue;
      const key = keyOfConnectionCount(one);
      counts.set(key, sumOfCounts(counts.get(key), one));
    }
    return [...counts.keys()].sort().flatMap((key) => counts.get(key) ?? []);
  }

  async events(transferId: string): Promise<readonly TransferEventRow[]> {
    return this.tables.events.get(transferId) ?? [];
  }

  async tankTransfers(tankId: string): Promise<TankTransfers> {
    const outbox = newestLast(this.tables.outbox).filter((row) => row.source_tank_id === tankId);
    return {
      outbox: outbox.map(copyOutbox),
      inbox: newestLast(this.tables.inbox).filter((row) => row.destination_tank_id === tankId),
      horizons: this.tables.horizonsOf(tankId),
      counts: [...this.tables.folded.values()].filter((row) => isCountOf(tankId, row)),
      events: outbox.flatMap(({ transfer_id }) => this.tables.events.get(transfer_id) ?? []),
    };
  }

  async moves(): Promise<readonly MoveRow[]> {
    return [...this.tables.moves.values()].sort(
      (a, b) => a.created_at - b.created_at || (a.move_id < b.move_id ? -1 : 1),
    );
  }

  async movedTanks(): Promise<readonly MovedTankRow[]> {
    return [...this.tables.movedTanks.values()].sort((a, b) => (a.tank_id < b.tank_id ? -1 : 1));
  }

  async remembered(): Promise<readonly RememberedRow[]> {
    return [...this.tables.remembered.values()].sort((a, b) => (a.node_id < b.node_id ? -1 : 1));
  }

  async meta(key: string): Promise<string | undefined> {
    return this.tables.meta.get(key);
  }
}
