import type { PeerRoute } from "../cluster/peer-route.ts";
import type {
  ConnectionRow,
  EntityType,
  InboxDecision,
  MoveDirection,
  MoveState,
  OutboxState,
  TransferEventRow,
} from "../store/rows.ts";
import type { ByHand } from "./by-hand.ts";
import type { Health } from "./connections/health.ts";
import type { Arrangement } from "./connections/topology.ts";

/** How fish leave by a connection. */
export type ConnectionTerms = Pick<
  ConnectionRow,
  | "probability"
  | "direction"
  | "selection"
  | "count"
  | "rate"
  | "status"
  | "strategy"
  | "mode"
  | "replacement"
>;

/** A tank to which a connection is to lead. */
export interface DestinationName {
  readonly tank_id: string;
  /** Needed where the directory does not list the tank yet. */
  readonly server_id?: string | undefined;
}

/** Terms that are given, or to be changed. */
export type GivenTerms = {
  readonly [Term in keyof ConnectionTerms]?: ConnectionTerms[Term] | undefined;
};

export interface NewConnection extends GivenTerms {
  readonly source_tank_id: string;
  readonly destination_tank_id: string;
  /** See {@link DestinationName.server_id}. */
  readonly destination_server_id?: string | undefined;
  /** The destinations after the first. */
  readonly further?: readonly DestinationName[];
  /** Stored even if a destination cannot be reached now. */
  readonly force?: boolean | undefined;
}

/** A topology over tanks of any nodes, of which this node makes its own side. */
export interface NewTopology extends GivenTerms {
  /** Made again under its name it is replaced. */
  readonly name: string;
  readonly topology: Arrangement;
  /** For `custom` pairs of a source and a destination. */
  readonly tanks: readonly DestinationName[];
  readonly force?: boolean | undefined;
}

export interface MadeTopology {
  readonly connections: readonly ConnectionView[];
  /** Tanks whose connections only their own nodes can make. */
  readonly elsewhere: readonly { readonly tank_id: string; readonly server_id: string }[];
}

export interface ConnectionStatistics {
  readonly sent: number;
  readonly delivered: number;
  readonly returned: number;
  /** Wall time of the last delivery; null before the first. */
  readonly last_delivered_at: number | null;
}

/** A destination as the API shows it. The figures are of the time since it was connected. */
export interface DestinationView extends ConnectionStatistics {
  readonly tank_id: string;
  readonly node_id: string;
  readonly server_id: string;
  readonly health: Health;
  /** Why it is not well, or what was wrong last; null where nothing is. */
  readonly health_reason: string | null;
  /** Of its node; null for this one, or before it was measured. */
  readonly rtt_ms: number | null;
}

/** A connection as the API shows it: the row, with labels of the servers. */
export interface ConnectionView extends Omit<ConnectionRow, "further_destinations"> {
  readonly source_server_id: string;
  readonly destination_server_id: string;
  readonly destinations: readonly DestinationView[];
}

/** A connection as it was made. */
export interface MadeConnection extends ConnectionView {
  /** What it changed: the connection between the same tanks, or the automatic one it replaces. */
  readonly previous?: ConnectionView;
}

/** One transfer as this node knows it, outgoing or incoming. */
export interface TransferView {
  readonly transfer_id: string;
  readonly direction: "out" | "in";
  readonly state: OutboxState | InboxDecision;
  readonly entity_type: EntityType;
  readonly entity_id: string | null;
  readonly source_tank_id: string;
  readonly source_node_id: string;
  readonly source_server_id: string | null;
  readonly destination_tank_id: string;
  readonly destination_node_id: string;
  readonly destination_server_id: string | null;
  readonly sequence: number;
  readonly attempts: number;
  readonly reason: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface TransferDetail extends TransferView {
  readonly events: readonly (Omit<TransferEventRow, "at"> & { readonly at: string })[];
}

export interface TransferQuery {
  readonly limit: number;
  readonly state?: string;
}

/** A tank that runs on another node from now on. */
export interface MovedTank {
  readonly move_id: string;
  readonly tank_id: string;
  /** As the destination calls it: a number is appended where it has a tank of that name. */
  readonly name: string;
  readonly epoch: number;
  readonly destination_node_id: string;
  readonly destination_server_id: string;
  readonly duration_ms: number;
}

/** The move of a whole tank as this node knows it, outgoing or incoming. */
export interface MoveView {
  readonly move_id: string;
  readonly tank_id: string;
  readonly name: string;
  readonly direction: MoveDirection;
  /** Of the tank at its destination. */
  readonly epoch: number;
  readonly state: MoveState;
  readonly peer_node_id: string;
  readonly peer_server_id: string;
  /** Why it was aborted, or what it waits for; null where nothing is wrong. */
  readonly reason: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Where a tank is that has left this node. */
export interface TankWhereabouts {
  readonly node_id: string;
  readonly epoch: number;
}

/** Transfers of fish between tanks. All methods reject with Problem. */
export interface Migration {
  /** Resumes open transfers, then starts the scheduler. */
  start(): Promise<void>;
  stop(): Promise<void>;
  connections(): readonly ConnectionView[];
  connect(spec: NewConnection): Promise<MadeConnection>;
  /** Changes terms of a connection and leaves the others. */
  changeConnection(connectionId: string, terms: GivenTerms): Promise<ConnectionView>;
  disconnect(connectionId: string): Promise<void>;
  arrange(spec: NewTopology): Promise<MadeTopology>;
  /** Resolves with the connections that it had on this node. */
  removeTopology(name: string): Promise<readonly ConnectionView[]>;
  transfers(query: TransferQuery): Promise<readonly TransferView[]>;
  transfer(transferId: string): Promise<TransferDetail>;
  readonly byHand: ByHand;
  /**
   * Removes a tank with its fish. Rejects with Problem `escrow_open` while fish of it are in
   * escrow, since a refused fish has to return. No fish leaves the tank during the call.
   */
  removeTank(tankId: string): Promise<void>;
  /**
   * Moves a tank of this node to another node, where it goes on with the same fish, ids and past.
   * Resolves once it runs there. Rejects with Problem, and the tank goes on here as if nothing had
   * been: `unknown_tank`, `unknown_server`, `invalid` (to this node), `tank_moving` (it moves
   * already), `not_ready` (it is stopped, or a node is not ready), `too_many` (no room there),
   * `other_engine`, `other_protocol` (an earlier build), `not_trusted`, `unreachable`; and with
   * `move_unfinished` where the destination owns it and has not said yet that it runs.
   */
  moveTank(tankId: string, nodeId: string): Promise<MovedTank>;
  /** Those under way, and the latest that have ended; newest first. */
  moves(): readonly MoveView[];
  /** Undefined for a tank that is here, or never was. */
  movedTo(tankId: string): TankWhereabouts | undefined;
  /** The number of fish of this node in escrow. */
  readonly escrowCount: number;
  /** `POST /api/remote-transfer` and `POST /api/transfers/{id}/abort`. */
  routes(): readonly PeerRoute[];
}
