import type { Statement } from "bun:sqlite";
import type { Journal, JournalBounds, JournalWrite, TransferFilter } from "../journal.ts";
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
import type { Connection } from "./connection.ts";
import { journalError } from "./failures.ts";
import { boundEvents, boundInbox, boundOutbox, type RowBound } from "./row-bound.ts";
import {
  CONNECTIONS,
  INBOX,
  LOG,
  OUTBOX,
  REMEMBERED,
  SNAPSHOTS,
  TANKS,
  TRANSFER_EVENTS,
} from "./tables.ts";
import { Writes } from "./writes.ts";

type Parameters = (string | number)[];

/** Tables whose rows are bounded. */
const BOUNDED = ["event", "outbox", "inbox"] as const;

/** The journal in SQLite. Each call does its work before it returns: bun:sqlite is synchronous. */
export class SqliteJournal implements Journal {
  readonly #database: Connection;
  readonly #writes: Writes;
  readonly #bounds: Readonly<Record<(typeof BOUNDED)[number], RowBound>>;
  readonly #read: ReturnType<typeof prepareReads>;
  readonly #advance;
  #position: number;

  constructor(database: Connection, { transferEventsMax, transfersKeptMax }: JournalBounds) {
    this.#database = database;
    this.#writes = new Writes(database);
    this.#bounds = {
      event: boundEvents(database, transferEventsMax),
      outbox: boundOutbox(database, transfersKeptMax),
      inbox: boundInbox(database, transfersKeptMax),
    };
    this.#read = prepareReads(database);
    this.#advance = database.prepare<{ position: number }, []>(
      "UPDATE journal SET position = position + 1 RETURNING position",
    );
    const row = database.prepare<{ position: number }, []>("SELECT position FROM journal").get();
    this.#position = row?.position ?? 0;
  }

  get position(): number {
    return this.#position;
  }

  async commit(writes: readonly JournalWrite[]): Promise<void> {
    if (writes.length === 0) return;
    try {
      this.#database.run("BEGIN IMMEDIATE");
      for (const write of writes) this.#writes.apply(write);
      for (const kind of BOUNDED) this.#bounds[kind].enforce(puts(writes, kind));
      const position = this.#advance.get()?.position ?? 0;
      this.#database.run("COMMIT");
      this.#position = position;
    } catch (error) {
      this.#rollBack();
      throw journalError(error);
    }
  }

  /** SQLite rolls back by itself on some errors (a full disk), not on others (a conflict). */
  #rollBack(): void {
    if (this.#database.inTransaction) this.#database.run("ROLLBACK");
    for (const kind of BOUNDED) this.#bounds[kind].distrust();
  }

  async watermarks(): Promise<readonly Watermark[]> {
    return this.#read.watermarks.all();
  }

  async tanks(): Promise<readonly TankRow[]> {
    return this.#read.tanks.all();
  }

  async log(tankId: string, afterSeq: number): Promise<readonly LogRow[]> {
    return this.#read.log.all(tankId, afterSeq);
  }

  async snapshots(tankId: string): Promise<readonly SnapshotRow[]> {
    return this.#read.snapshots.all(tankId);
  }

  async connections(): Promise<readonly ConnectionRow[]> {
    return this.#read.connections.all();
  }

  async openOutbox(): Promise<readonly OutboxRow[]> {
    return this.#read.openOutbox.all();
  }

  async outbox(filter: TransferFilter): Promise<readonly OutboxRow[]> {
    return newest(this.#read.outbox, filter);
  }

  async outboxRow(transferId: string): Promise<OutboxRow | undefined> {
    return this.#read.outboxRow.get(transferId) ?? undefined;
  }

  async inbox(filter: TransferFilter): Promise<readonly InboxRow[]> {
    return newest(this.#read.inbox, filter);
  }

  async inboxRow(transferId: string): Promise<InboxRow | undefined> {
    return this.#read.inboxRow.get(transferId) ?? undefined;
  }

  async horizon(pair: Omit<HorizonRow, "lowest_undecided">): Promise<number> {
    const { source_node_id, source_tank_id, destination_tank_id } = pair;
    const row = this.#read.horizon.get(source_node_id, source_tank_id, destination_tank_id);
    return row?.lowest_undecided ?? 0;
  }

  async lastSequences(): ReturnType<Journal["lastSequences"]> {
    return this.#read.lastSequences.all();
  }

  async events(transferId: string): Promise<readonly TransferEventRow[]> {
    return this.#read.events.all(transferId);
  }

  async remembered(): Promise<readonly RememberedRow[]> {
    return this.#read.remembered.all();
  }

  async meta(key: string): Promise<string | undefined> {
    return this.#read.meta.get(key)?.value;
  }
}

function puts(writes: readonly JournalWrite[], kind: (typeof BOUNDED)[number]): number {
  return writes.filter((write) => "put" in write && write.put === kind).length;
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
    watermarks: select<Watermark>(
      "tank_id, MAX(seq) AS seq, tick, checksum",
      "log GROUP BY tank_id ORDER BY tank_id",
    ),
    tanks: select<TankRow>(TANKS.columns, "tanks ORDER BY ordinal"),
    log: select<LogRow>(LOG.columns, "log WHERE tank_id = ? AND seq > ? ORDER BY seq"),
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
    inboxRow: select<InboxRow>(INBOX.columns, "inbox WHERE transfer_id = ?"),
    horizon: select<Pick<HorizonRow, "lowest_undecided">>(
      "lowest_undecided",
      "horizons WHERE source_node_id = ? AND source_tank_id = ? AND destination_tank_id = ?",
    ),
    lastSequences: select<Awaited<ReturnType<Journal["lastSequences"]>>[number]>(
      "source_tank_id, destination_tank_id, MAX(sequence) AS sequence",
      "outbox GROUP BY source_tank_id, destination_tank_id " +
        "ORDER BY source_tank_id, destination_tank_id",
    ),
    events: select<TransferEventRow>(
      TRANSFER_EVENTS.columns,
      "transfer_events WHERE transfer_id = ? ORDER BY place",
    ),
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
