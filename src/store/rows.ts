/** The rows of the journal, named as in the database. Times are Unix milliseconds. */

export type TankStatus = "running" | "paused" | "stopped";

export interface TankRow {
  readonly tank_id: string;
  readonly name: string;
  readonly description: string;
  readonly created_at: number;
  readonly seed: number;
  readonly fish: number;
  /** 16 hex digits; see TankSpec.tankKey. */
  readonly tank_key: string;
  /** Counts the moves of the tank between nodes, from 1. */
  readonly epoch: number;
  /** Order of creation on this node, from 1: the first tank carries the automatic connection. */
  readonly ordinal: number;
  readonly origin: TankOrigin;
}

/**
 * founded: created from its spec, from which it can be rebuilt. forked: created from the state of
 * another tank, which its base snapshot contains; without a snapshot it cannot be rebuilt.
 */
export type TankOrigin = "founded" | "forked";

export const LOG_KINDS = [
  "export",
  "import",
  "restore",
  "feed",
  "spawn",
  "pause",
  "resume",
  "set_tick_rate",
  "fast_forward",
  /** Not a command: a digest of the state at this tick. */
  "mark",
] as const;
export type LogKind = (typeof LOG_KINDS)[number];

export interface LogRow {
  readonly tank_id: string;
  /** From 1, without gaps. */
  readonly seq: number;
  /** The command was applied before this tick began. */
  readonly tick: number;
  readonly kind: LogKind;
  readonly payload: Uint8Array;
  /** Digest of the state at (seq, tick), where one was taken. */
  readonly digest: string | null;
  /** Chained: covers this row and the checksum of the previous row. */
  readonly checksum: string;
  readonly engine_version: number;
}

/** The last acknowledged entry of a tank's log, stored outside of the log. */
export interface Watermark {
  readonly tank_id: string;
  readonly seq: number;
  readonly tick: number;
  /** Of the log row `seq`. */
  readonly checksum: string;
}

export interface SnapshotRow {
  readonly tank_id: string;
  readonly seq: number;
  readonly tick: number;
  readonly digest: string;
  readonly file: string;
  readonly bytes: number;
  readonly engine_version: number;
  /** Checksum of the log row `seq`, from which the chain continues. */
  readonly log_checksum: string;
  readonly created_at: number;
  /**
   * Approximate size of the tank's log up to here, counted from its creation: the difference of two
   * snapshots is the size of the log between them. 0 in rows from before it was counted.
   */
  readonly log_bytes: number;
}

/** What travels between tanks. A `copy` is the record of a fish that stays where it is. */
export const ENTITY_TYPES = ["fish", "plant", "copy"] as const;
export type EntityType = (typeof ENTITY_TYPES)[number];

export const CONNECTION_DIRECTIONS = ["left", "right", "both"] as const;
export type ConnectionDirection = (typeof CONNECTION_DIRECTIONS)[number];

/**
 * Which of several destinations is next: the first that can be reached; each in turn; the one with
 * the fewest fish in a tank; any; of copies all.
 */
export const STRATEGIES = [
  "failover",
  "round-robin",
  "least-loaded",
  "random",
  "broadcast",
] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Whether the fish leave, or stay and others like them are born at the destination. */
export const CONNECTION_MODES = ["move", "copy"] as const;
export type ConnectionMode = (typeof CONNECTION_MODES)[number];

/**
 * What a full tank does with a fish that arrives: `refuse` it, or let it take the place of the
 * worst one if it is better (`fair`, after pagmo's fair_replace).
 */
export const REPLACEMENTS = ["refuse", "fair"] as const;
export type Replacement = (typeof REPLACEMENTS)[number];

export interface ConnectionRow {
  readonly connection_id: string;
  readonly source_tank_id: string;
  readonly destination_tank_id: string;
  readonly destination_node_id: string;
  /** Percent per draw, 0–100. */
  readonly probability: number;
  readonly direction: ConnectionDirection;
  /** Which fish leave; see `isSelection` of the world. */
  readonly selection: string;
  /** Fish that leave at a draw. */
  readonly count: number;
  /** Fish per minute, at most; null without a limit. */
  readonly rate: number | null;
  readonly status: "running" | "paused";
  readonly strategy: Strategy;
  readonly mode: ConnectionMode;
  /** What is asked of a destination that is full; its node need not agree. */
  readonly replacement: Replacement;
  /** The destinations after the first, as JSON. */
  readonly further_destinations: string;
  /** The name of the topology that it belongs to. */
  readonly topology: string | null;
  readonly origin: "auto" | "manual";
  readonly created_at: number;
}

/**
 * pending: in escrow, sent or to be sent. in_doubt: sent, no decision received. The rest are final.
 */
export type OutboxState = "pending" | "in_doubt" | "delivered" | "returned";

export interface OutboxRow {
  readonly transfer_id: string;
  readonly source_tank_id: string;
  /** The node that has begun it, if the tank has moved since; null for this node. */
  readonly source_node_id: string | null;
  readonly destination_tank_id: string;
  readonly destination_node_id: string;
  readonly connection_id: string | null;
  readonly entity_type: EntityType;
  readonly entity_id: string;
  readonly side: "left" | "right";
  /** Empty once the transfer is settled: it is not needed any more. */
  readonly record: Uint8Array;
  readonly record_digest: string;
  /** Counts the transfers of one (source tank, destination tank), from 1. */
  readonly sequence: number;
  readonly state: OutboxState;
  readonly attempts: number;
  readonly reason: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

export type InboxDecision = "accepted" | "refused" | "aborted";

export interface InboxRow {
  readonly transfer_id: string;
  readonly source_tank_id: string;
  readonly source_node_id: string;
  readonly destination_tank_id: string;
  readonly entity_type: EntityType;
  /** Null for a tombstone whose transfer was never seen. */
  readonly entity_id: string | null;
  readonly record_digest: string | null;
  readonly sequence: number;
  readonly decision: InboxDecision;
  readonly reason: string | null;
  /** Epoch of the destination tank that decided. */
  readonly epoch: number;
  readonly decided_at: number;
}

/** Transfers of one pair of tanks in one state, those of removed rows included. */
export interface TransferCountRow {
  /** Of the outbox, or of the inbox. */
  readonly side: "out" | "in";
  /** The other node. */
  readonly node_id: string;
  readonly source_tank_id: string;
  readonly destination_tank_id: string;
  readonly entity_type: OutboxRow["entity_type"];
  readonly state: OutboxState | InboxDecision;
  readonly count: number;
}

/** Transfers of a connection to one tank in one state, those of removed rows included. */
export interface ConnectionCountRow {
  readonly connection_id: string;
  readonly destination_node_id: string;
  readonly destination_tank_id: string;
  readonly state: OutboxState;
  readonly count: number;
  /** When the last of them came into that state. */
  readonly last_at: number;
}

/** The settled transfers of a source to one tank, as the source has declared. */
export interface HorizonRow {
  readonly source_node_id: string;
  readonly source_tank_id: string;
  readonly destination_tank_id: string;
  /** Every transfer of the pair below this sequence is settled at the source. */
  readonly lowest_undecided: number;
}

/** All that a journal has of the transfers of one tank: what moves with it. */
export interface TankTransfers {
  /** In the order of their departure and of their decision. */
  readonly outbox: readonly OutboxRow[];
  readonly inbox: readonly InboxRow[];
  readonly horizons: readonly HorizonRow[];
  /** Of removed rows only. */
  readonly counts: readonly TransferCountRow[];
  readonly events: readonly TransferEventRow[];
}

/** The journal position that another node has declared, which it must never fall behind. */
export interface RememberedRow {
  readonly node_id: string;
  readonly position: number;
  /** The start (boot) of that node that declared it. */
  readonly boot_id: string;
  /** Its signed statement, which is shown to it when it seems to have lost that history. */
  readonly statement: string;
  /**
   * How it was received last. Positions of nodes that fish were exchanged with are evicted last.
   */
  readonly heard_by: "handshake" | "transfer";
  readonly heard_at: number;
}

export type MoveDirection = "out" | "in";

/**
 * Outgoing: sealed (it is here and does not tick), moved (it belongs to the other node, which has
 * not activated it yet), done; or aborted (it runs here again). Incoming: stored (inactive, on the
 * disk), activated; or dropped, where its owner has aborted the move.
 */
export type MoveState =
  | "sealed"
  | "moved"
  | "done"
  | "aborted"
  | "stored"
  | "activated"
  | "dropped";

/** The move of a whole tank to or from another node. */
export interface MoveRow {
  readonly move_id: string;
  readonly tank_id: string;
  readonly name: string;
  readonly direction: MoveDirection;
  /** The other node. */
  readonly peer_node_id: string;
  /** Of the tank at its destination. */
  readonly epoch: number;
  readonly state: MoveState;
  /** Of the bundle: SHA-256 in hex, and its length. */
  readonly digest: string;
  readonly bytes: number;
  readonly reason: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

/** A tank that has moved at least once, and was on this node. */
export interface MovedTankRow {
  readonly tank_id: string;
  /** Of the owner that this node knows of. */
  readonly epoch: number;
  /** That owner: this node itself where the tank came back, or has come to stay. */
  readonly node_id: string;
  /** What its former owners have signed, as JSON. */
  readonly certificates: string;
  readonly moved_at: number;
}

/** The steps of a transfer in its audit trail. */
export type TransferEvent =
  | "initiated"
  | "prepared"
  | "committed"
  | "returned"
  | "aborted"
  | "in_doubt"
  | "resolved"
  | "accepted"
  | "refused";

/**
 * A step that cannot be derived from the rows of its transfer: that it was in doubt, that its
 * destination promised an abort, and that an operator resolved it by hand. `stepsOf` derives the
 * others from states and times in outbox and inbox, which saves a quarter of what a transfer
 * writes.
 */
export interface TransferEventRow {
  readonly transfer_id: string;
  readonly at: number;
  readonly event: TransferEvent;
  readonly detail: string;
}
