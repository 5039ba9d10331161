import type {
  ConnectionRow,
  HorizonRow,
  InboxRow,
  LogRow,
  OutboxRow,
  OutboxState,
  RememberedRow,
  SnapshotRow,
  TankRow,
  TransferEventRow,
  Watermark,
} from "./rows.ts";

/**
 * One change of the journal, as data: so that a batch can cross a thread, be held in a simulator,
 * or become SQL of any dialect.
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
  | { readonly put: "meta"; readonly key: string; readonly value: string }
  | { readonly remove: "tank"; readonly tank_id: string }
  | { readonly remove: "connection"; readonly connection_id: string }
  | { readonly remove: "remembered"; readonly node_id: string }
  /** Every row of every kind; only the position counts on. */
  | { readonly remove: "everything" }
  | { readonly remove: "snapshot"; readonly tank_id: string; readonly seq: number }
  /** Rows of the log that snapshots cover. */
  | { readonly remove: "log"; readonly tank_id: string; readonly up_to_seq: number }
  /** A row that becomes delivered or returned gives up its record. */
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
 * Meta key under which a store says, in one sentence, that it has lost commits which it had
 * acknowledged; absent or empty when it has not. It stays until it is overwritten: what was lost
 * may be a refusal that another node relies on, so the node must not go on as if nothing had
 * happened.
 */
export const JOURNAL_LOST = "journal_lost";

/** How many rows a journal keeps; see {@link Journal}. */
export interface JournalBounds {
  readonly transferEventsMax: number;
  readonly transfersKeptMax: number;
}

/**
 * The truth of a node: what is in it has happened. Rows of `log` and `inbox` are only ever added;
 * adding one whose key is taken rejects the whole commit with {@link JournalConflict}. Snapshots,
 * connections, horizons and remembered positions with a known key, tanks, outbox rows and meta
 * replace what was there. A removed tank takes its log and snapshots along; its transfers stay, so
 * that a late copy of one still gets the answer it had. The oldest events of settled transfers fold
 * away beyond `LIMITS.transferEventsMax`; meta `transfer_events_folded` counts them.
 *
 * Outbox and inbox keep about `LIMITS.transfersKeptMax` rows each; beyond it the oldest go that
 * nobody can ask for any more: of the outbox the settled ones, but for the last of each pair of
 * tanks, whose sequence counts on; of the inbox those below the horizon of their pair. The others
 * stay.
 */
export interface Journal extends JournalReads {
  /**
   * All of `writes` or none, in order. Durable against power loss once resolved. Rejects with
   * {@link JournalConflict}, or {@link StorageUnavailable} when the disk takes no writes.
   */
  commit(writes: readonly JournalWrite[]): Promise<void>;
}

/** What can be read of a journal. */
export interface JournalReads {
  /**
   * How many commits that wrote something this journal has taken, as of the last one that was
   * acknowledged. Kept in the very transaction, so after a restart it is at least what it was at
   * any acknowledged commit; in a copy that is older it is less.
   */
  readonly position: number;
  /**
   * The last acknowledged entry of the log of each tank, from a memory that shares nothing with the
   * log. A log that ends before it, or says something else there, has lost entries.
   */
  watermarks(): Promise<readonly Watermark[]>;
  watermark(tankId: string): Promise<Watermark | undefined>;

  tanks(): Promise<readonly TankRow[]>;
  /** Rows with seq > afterSeq, ascending. */
  log(tankId: string, afterSeq: number): Promise<readonly LogRow[]>;
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
  inboxRow(transferId: string): Promise<InboxRow | undefined>;
  /** The lowest undecided sequence that was put for the pair; 0 before there was one. */
  horizon(pair: Omit<HorizonRow, "lowest_undecided">): Promise<number>;
  /** Highest sequence ever used per (source tank, destination tank). */
  lastSequences(): Promise<
    readonly { source_tank_id: string; destination_tank_id: string; sequence: number }[]
  >;
  events(transferId: string): Promise<readonly TransferEventRow[]>;
  /** In the order of node ids. */
  remembered(): Promise<readonly RememberedRow[]>;
  meta(key: string): Promise<string | undefined>;
}

/**
 * The commit contradicts what is there: a key that may be written once was written before, or a row
 * of a tank or transfer that does not exist.
 */
export class JournalConflict extends Error {
  override readonly name = "JournalConflict";
}

export { StorageDamaged, StorageUnavailable } from "../platform/errors.ts";

/** Servers that were heard of, kept so that a restarted node knows its neighbours. Soft state. */
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
