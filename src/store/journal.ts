import type {
  ConnectionCountRow,
  ConnectionRow,
  HorizonRow,
  InboxRow,
  LogRow,
  MovedTankRow,
  MoveRow,
  OutboxRow,
  OutboxState,
  RememberedRow,
  SnapshotRow,
  TankRow,
  TankTransfers,
  TransferCountRow,
  TransferEventRow,
  Watermark,
} from "./rows.ts";

/**
 * One change of the journal, as data: a batch can be sent to a thread, kept in a simulator, or
 * translated to SQL of any dialect.
 */
export type JournalWrite =
  | { readonly put: "tank"; readonly row: TankRow }
  | { readonly put: "log"; readonly row: LogRow }
  | { readonly put: "snapshot"; readonly row: SnapshotRow }
  | { readonly put: "connection"; readonly row: ConnectionRow }
  | { readonly put: "outbox"; readonly row: OutboxRow }
  | { readonly put: "inbox"; readonly row: InboxRow }
  | { readonly put: "horizon"; readonly row: HorizonRow }
  | { readonly put: "event"; readonly row: TransferEventRow }
  | { readonly put: "remembered"; readonly row: RememberedRow }
  | { readonly put: "move"; readonly row: MoveRow }
  | { readonly put: "moved_tank"; readonly row: MovedTankRow }
  /** Of removed rows; replaces the count of the same key. */
  | { readonly put: "transfer_count"; readonly row: TransferCountRow }
  | { readonly put: "meta"; readonly key: string; readonly value: string }
  | { readonly remove: "tank"; readonly tank_id: string }
  | { readonly remove: "connection"; readonly connection_id: string }
  | { readonly remove: "remembered"; readonly node_id: string }
  /**
   * Removes the oldest decisions on transfers of these nodes beyond `rowsMax`, and raises the
   * horizons of their pairs above them: a late copy of one is stale.
   */
  | {
      readonly remove: "decisions";
      readonly source_node_ids: readonly string[];
      readonly rowsMax: number;
    }
  | { readonly remove: "move"; readonly move_id: string }
  /** Removes what {@link JournalReads.tankTransfers} reads: the tank belongs to another node. */
  | { readonly remove: "tank_transfers"; readonly tank_id: string }
  /** Removes every row of every kind; only the position continues. */
  | { readonly remove: "everything" }
  | { readonly remove: "snapshot"; readonly tank_id: string; readonly seq: number }
  /** Removes log rows that snapshots cover. */
  | { readonly remove: "log"; readonly tank_id: string; readonly up_to_seq: number }
  /** A row that becomes delivered or returned loses its record. */
  | {
      readonly update: "outbox";
      readonly transfer_id: string;
      readonly state: OutboxState;
      readonly attempts: number;
      readonly reason: string | null;
      readonly updated_at: number;
    };

export interface TransferFilter {
  readonly states?: readonly string[];
  readonly limit: number;
}

/**
 * Meta key of a sentence that reports the loss of acknowledged commits; absent or empty without a
 * loss. It stays until it is overwritten: a lost commit may be a refusal that another node relies
 * on, so the node must not continue as if nothing had happened.
 */
export const JOURNAL_LOST = "journal_lost";

/**
 * Meta key of a journal that has removed transfers without counting them, as versions before schema
 * 8 did. Its value is a JSON object of the tanks of that time: what was not counted of each, or
 * null where that is not known yet.
 */
export const TRANSFERS_UNCOUNTED = "transfers_uncounted";

/** Bounds of a journal's rows; see {@link Journal}. */
export interface JournalBounds {
  readonly transferEventsMax: number;
  readonly transfersKeptMax: number;
}

/**
 * The durable state of a node. Rows of `log` and `inbox` are insert-only: an existing key rejects
 * the whole commit with {@link JournalConflict}. All other rows replace the one with the same key,
 * but a horizon is never lowered.
 * Removing a tank removes its log and snapshots; its transfers stay, so that a late copy of one
 * still gets the same answer. Beyond `LIMITS.transferEventsMax` the oldest events of settled
 * transfers are removed; meta `transfer_events_folded` counts them.
 *
 * Outbox and inbox keep about `LIMITS.transfersKeptMax` rows each. Beyond that the oldest rows that
 * are not needed any more are removed: in the outbox settled ones, except the last of each pair of
 * tanks, whose sequence continues; in the inbox those below the horizon of their pair. Removed rows
 * still count in {@link JournalReads.transferCounts}, and in
 * {@link JournalReads.connectionCounts} while their connection is there.
 */
export interface Journal extends JournalReads {
  /**
   * Applies all of `writes` or none, in order. Durable against power loss once resolved. Rejects
   * with {@link JournalConflict}, or {@link StorageUnavailable} when the disk takes no writes.
   */
  commit(writes: readonly JournalWrite[]): Promise<void>;
}

/** The reads of a journal. */
export interface JournalReads {
  /**
   * The number of commits with writes, as of the last acknowledged one. It is updated in the same
   * transaction, so after a restart it is at least what it was at any acknowledged commit; in an
   * older copy of the database it is less.
   */
  readonly position: number;
  /**
   * The last acknowledged entry of each tank's log, from a file that is independent of the log. A
   * log that ends before it, or differs there, has lost entries.
   */
  watermarks(): Promise<readonly Watermark[]>;
  watermark(tankId: string): Promise<Watermark | undefined>;

  tanks(): Promise<readonly TankRow[]>;
  /** Rows with seq > afterSeq, ascending. */
  log(tankId: string, afterSeq: number): Promise<readonly LogRow[]>;
  /** The first entry of a tank's log that is still there; undefined if there is none. */
  logStart(tankId: string): Promise<number | undefined>;
  /** Newest first. */
  snapshots(tankId: string): Promise<readonly SnapshotRow[]>;
  connections(): Promise<readonly ConnectionRow[]>;
  /** Transfers that are not settled, oldest first. */
  openOutbox(): Promise<readonly OutboxRow[]>;
  /** Newest first; states are OutboxState. */
  outbox(filter: TransferFilter): Promise<readonly OutboxRow[]>;
  outboxRow(transferId: string): Promise<OutboxRow | undefined>;
  /** Newest first; states are InboxDecision. */
  inbox(filter: TransferFilter): Promise<readonly InboxRow[]>;
  /** Each source node has ids of its own. */
  inboxRow(sourceNodeId: string, transferId: string): Promise<InboxRow | undefined>;
  /** The decisions on transfers of any source with this id, the oldest first. */
  inboxRows(transferId: string): Promise<readonly InboxRow[]>;
  /** Accepted transfers of these entities, whose rows are still kept. */
  arrivals(entityIds: readonly string[]): Promise<readonly InboxRow[]>;
  /** The lowest undecided sequence that was stored for the pair; 0 if there is none. */
  horizon(pair: Omit<HorizonRow, "lowest_undecided">): Promise<number>;
  /** All of them, in the order of their fields. */
  horizons(): Promise<readonly HorizonRow[]>;
  /** Highest sequence ever used per (source tank, destination tank). */
  lastSequences(): Promise<
    readonly { source_tank_id: string; destination_tank_id: string; sequence: number }[]
  >;
  /** All transfers ever, in the order of the fields; states without transfers are left out. */
  transferCounts(): Promise<readonly TransferCountRow[]>;
  /** All transfers ever of the connections that there are, in the order of the fields. */
  connectionCounts(): Promise<readonly ConnectionCountRow[]>;
  events(transferId: string): Promise<readonly TransferEventRow[]>;
  tankTransfers(tankId: string): Promise<TankTransfers>;
  /** Oldest first. */
  moves(): Promise<readonly MoveRow[]>;
  /** In the order of tank ids. */
  movedTanks(): Promise<readonly MovedTankRow[]>;
  /** In the order of node ids. */
  remembered(): Promise<readonly RememberedRow[]>;
  meta(key: string): Promise<string | undefined>;
}

/**
 * The commit conflicts with existing rows: a write-once key exists already, or the tank or transfer
 * of a row does not exist.
 */
export class JournalConflict extends Error {
  override readonly name = "JournalConflict";
}

export { StorageDamaged, StorageUnavailable } from "../platform/errors.ts";

/** Known servers, stored so that a restarted node knows its neighbours. Soft state. */
export interface RegistryStore {
  load(): Promise<readonly { node_id: string; record: string }[]>;
  put(nodeId: string, record: string): Promise<void>;
  remove(nodeId: string): Promise<void>;
}

export interface Store {
  readonly journal: Journal;
  readonly registry: RegistryStore;
  close(): Promise<void>;
}
