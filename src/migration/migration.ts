import type { PeerRoute } from "../cluster/peer-route.ts";
import type {
  ConnectionDirection,
  ConnectionRow,
  EntityType,
  InboxDecision,
  OutboxState,
  TransferEventRow,
} from "../store/rows.ts";

export interface NewConnection {
  readonly source_tank_id: string;
  readonly destination_tank_id: string;
  /** The destination's server, needed where the directory does not list the tank yet. */
  readonly destination_server_id?: string;
  readonly probability: number;
  readonly direction: ConnectionDirection;
}

/** A connection as the API shows it: the row, with labels of the servers. */
export interface ConnectionView extends ConnectionRow {
  readonly source_server_id: string;
  readonly destination_server_id: string;
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

/** Transfers of fish between tanks. All methods reject with Problem. */
export interface Migration {
  /** Resumes open transfers, then starts the scheduler. */
  start(): Promise<void>;
  stop(): Promise<void>;
  connections(): readonly ConnectionView[];
  connect(spec: NewConnection): Promise<MadeConnection>;
  disconnect(connectionId: string): Promise<void>;
  transfers(query: TransferQuery): Promise<readonly TransferView[]>;
  transfer(transferId: string): Promise<TransferDetail>;
  /**
   * Removes a tank with its fish. Rejects with Problem `escrow_open` while fish of it are in
   * escrow, since a refused fish has to return. No fish leaves the tank during the call.
   */
  removeTank(tankId: string): Promise<void>;
  /** The number of fish of this node in escrow. */
  readonly escrowCount: number;
  /** `POST /api/remote-transfer` and `POST /api/transfers/{id}/abort`. */
  routes(): readonly PeerRoute[];
}
