import type { Statement } from "bun:sqlite";
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
} from "../rows.ts";
import type { Connection } from "./connection.ts";
import { countByConnection } from "./connection-counts.ts";
import { journalError } from "./failures.ts";
import {
  CONNECTIONS,
  HORIZONS,
  INBOX,
  LOG,
  MOVED_TANKS,
  MOVES,
  OUTBOX,
  REMEMBERED,
  SNAPSHOTS,
  TANKS,
  TRANSFER_COUNTS,
  TRANSFER_EVENTS,
} from "./tables.ts";
import { countTransfers } from "./transfer-tally.ts";

type Parameters = (string | number)[];

/** Reads of a journal's tables. Synchronous. */
export class SqliteReads implements Omit<JournalReads, "position" | "watermarks" | "watermark"> {
  readonly #read: ReturnType<typeof prepareReads>;

  constructor(database: Connection) {
    this.#read = prepareReads(database);
  }

  async tanks(): Promise<readonly TankRow[]> {
    return guarded(() => this.#read.tanks.all());
  }

  async log(tankId: string, afterSeq: number): Promise<readonly LogRow[]> {
    return guarded(() => this.#read.log.all(tankId, afterSeq));
  }

  async logStart(tankId: string): Promise<number | undefined> {
    return guarded(() => this.#read.logStart.get(tankId)?.seq ?? undefined);
  }

  async snapshots(tankId: string): Promise<readonly SnapshotRow[]> {
    return guarded(() => this.#read.snapshots.all(tankId));
  }

  async connections(): Promise<readonly ConnectionRow[]> {
    return guarded(() => this.#read.connections.all());
  }

  async openOutbox(): Promise<readonly OutboxRow[]> {
    return guarded(() => this.#read.openOutbox.all());
  }

  async outbox(filter: TransferFilter): Promise<readonly OutboxRow[]> {
    return guarded(() => newest(this.#read.outbox, filter));
  }

  async outboxRow(transferId: string): Promise<OutboxRow | undefined> {
    return guarded(() => this.#read.outboxRow.get(transferId) ?? undefined);
  }

  async inbox(filter: TransferFilter): Promise<readonly InboxRow[]> {
    return guarded(() => newest(this.#read.inbox, filter));
  }

  async inboxRow(sourceNodeId: string, transferId: string): Promise<InboxRow | undefined> {
    return guarded(() => this.#read.inboxRow.get(transferId, sourceNodeId) ?? undefined);
  }

  async inboxRows(transferId: string): Promise<readonly InboxRow[]> {
    return guarded(() => this.#read.inboxRows.all(transferId));
  }

  async arrivals(entityIds: readonly string[]): Promise<readonly InboxRow[]> {
    if (entityIds.length === 0) return [];
    return guarded(() => this.#read.arrivals.all(JSON.stringify(entityIds)));
  }

  async horizon(pair: Omit<HorizonRow, "lowest_undecided">): Promise<number> {
    const { source_node_id, source_tank_id, destination_tank_id } = pair;
    const row = guarded(() =>
      this.#read.horizon.get(source_node_id, source_tank_id, destination_tank_id),
    );
    return row?.lowest_undecided ?? 0;
  }

  async horizons(): Promise<readonly HorizonRow[]> {
    return guarded(() => this.#read.horizons.all());
  }

  async lastSequences(): ReturnType<JournalReads["lastSequences"]> {
    return guarded(() => this.#read.lastSequences.all());
  }

  async transferCounts(): Promise<readonly TransferCountRow[]> {
    return guarded(() => this.#read.transferCounts());
  }

  async connectionCounts(): Promise<readonly ConnectionCountRow[]> {
    return guarded(() => this.#read.connectionCounts());
  }

  async events(transferId: string): Promise<readonly TransferEventRow[]> {
    return guarded(() => this.#read.events.all(transferId));
  }

  async tankTransfers(tankId: string): Promise<TankTransfers> {
    const { sentBy, decidedFor, horizonsOf, countsOf, eventsOf } = this.#read.ofTank;
    return guarded(() => ({
      outbox: sentBy.all(tankId),
      inbox: decidedFor.all(tankId),
      horizons: horizonsOf.all(tankId),
      counts: countsOf.all(tankId),
      events: eventsOf.all(tankId),
    }));
  }

  async moves(): Promise<readonly MoveRow[]> {
    return guarded(() => this.#read.moves.all());
  }

  async movedTanks(): Promise<readonly MovedTankRow[]> {
    return guarded(() => this.#read.movedTanks.all());
  }

  async remembered(): Promise<readonly RememberedRow[]> {
    return guarded(() => this.#read.remembered.all());
  }

  async meta(key: string): Promise<string | undefined> {
    return guarded(() => this.#read.meta.get(key)?.value);
  }
}

/** Reports an unreadable page as a failure of the storage, not as an internal error. */
export function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw journalError(error);
  }
}

function prepareReads(database: Connection) {
  const select = <Row>(columns: string, rest: string) =>
    database.prepare<Row, Parameters>(`SELECT ${columns} FROM ${rest}`);
  const newestFirst = <Row>(columns: string, table: string, state: string) => ({
    all: select<Row>(columns, `${table} ORDER BY place DESC LIMIT ?`),
    some: select<Row>(
      columns,
      `${table} WHERE ${state} IN (SELECT value FROM json_each(?)) ORDER BY place DESC LIMIT ?`,
    ),
  });
  return {
    tanks: select<TankRow>(TANKS.columns, "tanks ORDER BY ordinal"),
    log: select<LogRow>(LOG.columns, "log WHERE tank_id = ? AND seq > ? ORDER BY seq"),
    logStart: select<{ seq: number | null }>("MIN(seq) AS seq", "log WHERE tank_id = ?"),
    snapshots: select<SnapshotRow>(
      SNAPSHOTS.columns,
      "snapshots WHERE tank_id = ? ORDER BY seq DESC",
    ),
    connections: select<ConnectionRow>(
      CONNECTIONS.columns,
      "connections ORDER BY created_at, connection_id",
    ),
    openOutbox: select<OutboxRow>(
      OUTBOX.columns,
      "outbox WHERE state IN ('pending', 'in_doubt') ORDER BY place",
    ),
    outbox: newestFirst<OutboxRow>(OUTBOX.columns, "outbox", "state"),
    outboxRow: select<OutboxRow>(OUTBOX.columns, "outbox WHERE transfer_id = ?"),
    inbox: newestFirst<InboxRow>(INBOX.columns, "inbox", "decision"),
    inboxRow: select<InboxRow>(INBOX.columns, "inbox WHERE transfer_id = ? AND source_node_id = ?"),
    inboxRows: select<InboxRow>(INBOX.columns, "inbox WHERE transfer_id = ? ORDER BY place"),
    arrivals: select<InboxRow>(
      INBOX.columns,
      "inbox WHERE decision = 'accepted' AND entity_id IN (SELECT value FROM json_each(?)) " +
        "ORDER BY place",
    ),
    horizon: select<Pick<HorizonRow, "lowest_undecided">>(
      "lowest_undecided",
      "horizons WHERE source_node_id = ? AND source_tank_id = ? AND destination_tank_id = ?",
    ),
    horizons: select<HorizonRow>(HORIZONS.columns, "horizons ORDER BY 1, 2, 3"),
    lastSequences: select<Awaited<ReturnType<JournalReads["lastSequences"]>>[number]>(
      "source_tank_id, destination_tank_id, MAX(sequence) AS sequence",
      "outbox GROUP BY source_tank_id, destination_tank_id " +
        "ORDER BY source_tank_id, destination_tank_id",
    ),
    transferCounts: countTransfers(database),
    connectionCounts: countByConnection(database),
    events: select<TransferEventRow>(
      TRANSFER_EVENTS.columns,
      "transfer_events WHERE transfer_id = ? ORDER BY place",
    ),
    ofTank: {
      sentBy: select<OutboxRow>(OUTBOX.columns, "outbox WHERE source_tank_id = ? ORDER BY place"),
      decidedFor: select<InboxRow>(
        INBOX.columns,
        "inbox WHERE destination_tank_id = ? ORDER BY place",
      ),
      horizonsOf: select<HorizonRow>(
        HORIZONS.columns,
        "horizons WHERE destination_tank_id = ? ORDER BY source_node_id, source_tank_id",
      ),
      countsOf: select<TransferCountRow>(
        TRANSFER_COUNTS.columns,
        "transfer_counts WHERE ? = CASE side WHEN 'out' THEN source_tank_id " +
          "ELSE destination_tank_id END ORDER BY 1, 2, 3, 4, 5, 6",
      ),
      eventsOf: select<TransferEventRow>(
        TRANSFER_EVENTS.columns,
        "transfer_events WHERE transfer_id IN " +
          "(SELECT transfer_id FROM outbox WHERE source_tank_id = ?) ORDER BY place",
      ),
    },
    moves: select<MoveRow>(MOVES.columns, "moves ORDER BY created_at, move_id"),
    movedTanks: select<MovedTankRow>(MOVED_TANKS.columns, "moved_tanks ORDER BY tank_id"),
    remembered: select<RememberedRow>(REMEMBERED.columns, "remembered ORDER BY node_id"),
    meta: select<{ value: string }>("value", "meta WHERE key = ?"),
  };
}

function newest<Row>(
  read: { readonly all: Statement<Row, Parameters>; readonly some: Statement<Row, Parameters> },
  filter: TransferFilter,
): readonly Row[] {
  return filter.states === undefined
    ? read.all.all(filter.limit)
    : read.some.all(JSON.stringify(filter.states), filter.limit);
}
