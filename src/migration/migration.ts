import type { PeerRoute } from "../cluster/peer-route.ts";
import type {
  ConnectionDirection,
  ConnectionRow,
  InboxDecision,
  OutboxState,
  TransferEventRow,
} from "../store/rows.ts";

export interface NewConnection {
  readonly source_tank_id: string;
  readonly destination_tank_id: string;
  /** Names the destination's host where the directory does not know the tank yet. */
  readonly destination_server_id?: string;
  readonly probability: number;
  readonly direction: ConnectionDirection;
}

/** A connection as the API shows it: the row, with the servers by label. */
export interface ConnectionView extends ConnectionRow {
  readonly source_server_id: string;
  readonly destination_server_id: string;
}

/** One transfer as this node knows it, outgoing or incoming. */
export interface TransferView {
  readonly transfer_id: string;
  readonly direction: "out" | "in";
  readonly state: OutboxState | InboxDecision;
  readonly entity_type: "fish";
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

/** Fish on their way between tanks. All methods reject with Problem. */
export interface Migration {
  /** Resumes what was open at the last stop, then the scheduler. */
  start(): Promise<void>;
  stop(): Promise<void>;
  connections(): readonly ConnectionView[];
  connect(spec: NewConnection): Promise<ConnectionView>;
  disconnect(connectionId: string): Promise<void>;
  transfers(query: TransferQuery): Promise<readonly TransferView[]>;
  transfer(transferId: string): Promise<TransferDetail>;
  /**
   * Removes a tank with its fish. Refused with Problem `escrow_open` while fish of it are under
   * way: one that is refused has to come back. From the call to its end no fish leaves the tank.
   */
  removeTank(tankId: string): Promise<void>;
  /** Fish of this node that are in escrow now. */
  readonly escrowCount: number;
  /** `POST /api/remote-transfer` and `POST /api/transfers/{id}/abort`. */
  routes(): readonly PeerRoute[];
}
