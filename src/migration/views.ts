import type { Cluster } from "../cluster/cluster.ts";
import { rfc3339 } from "../platform/clock.ts";
import { Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Journal } from "../store/journal.ts";
import type { ConnectionRow, InboxRow, OutboxRow } from "../store/rows.ts";
import type { Tanks } from "../tanks/tanks.ts";
import { type Destination, destinationsOf } from "./connections/destinations.ts";
import { healthOf } from "./connections/health.ts";
import type { ConnectionRecords } from "./connections/records.ts";
import type {
  ConnectionView,
  DestinationView,
  MadeTopology,
  TransferDetail,
  TransferQuery,
  TransferView,
} from "./migration.ts";
import type { ReplacementRule } from "./payloads/entity.ts";
import { stepsOf } from "./transfer/transfer-steps.ts";

const outboxStates: readonly string[] = ["pending", "in_doubt", "delivered", "returned"];
const inboxStates: readonly string[] = ["accepted", "refused", "aborted"];

export interface ViewPorts {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
  readonly journal: Journal;
  readonly records: ConnectionRecords;
  readonly replacement?: ReplacementRule;
  /** An open transfer as its task has it in memory; undefined for others. */
  readonly live: (transferId: string) => OutboxRow | undefined;
}

/** Transfers and connections as the API shows them: rows with labels and dates. */
export class Views {
  readonly #ports: ViewPorts;

  constructor(ports: ViewPorts) {
    this.#ports = ports;
  }

  connection({ further_destinations, ...row }: ConnectionRow): ConnectionView {
    const { cluster } = this.#ports;
    return {
      ...row,
      source_server_id: cluster.serverId,
      destination_server_id: this.#label(row.destination_node_id) ?? row.destination_node_id,
      destinations: destinationsOf({ ...row, further_destinations }).map((destination) =>
        this.#destination(row, destination),
      ),
    };
  }

  place({ destination_tank_id, destination_node_id }: Destination): MadeTopology["elsewhere"][0] {
    const server_id = this.#label(destination_node_id) ?? destination_node_id;
    return { tank_id: destination_tank_id, server_id };
  }

  #destination(
    row: Pick<ConnectionRow, "connection_id" | "replacement">,
    destination: Destination,
  ): DestinationView {
    const { destination_node_id: node_id, destination_tank_id: tank_id } = destination;
    const { records, cluster, live } = this.#ports;
    const record = records.of(row.connection_id, destination);
    const silence = live(record.lastTransferId ?? "")?.reason ?? undefined;
    const ports =
      row.replacement === "fair" ? { ...this.#ports, replacement: "fair" as const } : this.#ports;
    const { health, reason } = healthOf(ports, destination, record, silence);
    return {
      tank_id,
      node_id,
      server_id: this.#label(node_id) ?? node_id,
      health,
      health_reason: reason,
      rtt_ms: cluster.server(node_id)?.rtt_ms ?? null,
      sent: record.sent,
      delivered: record.delivered,
      returned: record.returned,
      last_delivered_at: record.deliveredAtMs ?? null,
    };
  }

  /** Both directions, newest first. */
  async transfers({ limit: asked, state }: TransferQuery): Promise<readonly TransferView[]> {
    const { journal } = this.#ports;
    const limit = Math.max(0, Math.min(asked, LIMITS.listRowsMax));
    if (state !== undefined && ![...outboxStates, ...inboxStates].includes(state)) {
      const known = [...outboxStates, ...inboxStates].join(", ");
      throw new Problem("bad_request", `There is no state ${state}; there are ${known}.`);
    }
    const filter = state === undefined ? { limit } : { limit, states: [state] };
    const out = inboxStates.includes(state ?? "") ? [] : await journal.outbox(filter);
    const into = outboxStates.includes(state ?? "") ? [] : await journal.inbox(filter);
    return [...out.map((row) => this.#outgoing(row)), ...into.map((row) => this.#incoming(row))]
      .sort((a, b) => compare(b.created_at, a.created_at))
      .slice(0, limit);
  }

  /** The outgoing half if this node has both. Rejects with Problem `unknown_transfer`. */
  async transfer(transferId: string): Promise<TransferDetail> {
    const { journal } = this.#ports;
    const out = await journal.outboxRow(transferId);
    const [into] = await journal.inboxRows(transferId);
    const view = out ? this.#outgoing(out) : into && this.#incoming(into);
    if (!view) throw new Problem("unknown_transfer", `There is no transfer ${transferId} here.`);
    const steps = stepsOf({ out, into, noted: await journal.events(transferId) });
    return { ...view, events: steps.map((step) => ({ ...step, at: rfc3339(step.at) })) };
  }

  #outgoing(row: OutboxRow): TransferView {
    const live = this.#ports.live(row.transfer_id) ?? row;
    return {
      transfer_id: row.transfer_id,
      direction: "out",
      state: row.state,
      entity_type: row.entity_type,
      entity_id: row.entity_id,
      ...this.#ends(row, row.source_node_id ?? this.#ports.cluster.nodeId, row.destination_node_id),
      sequence: row.sequence,
      attempts: live.attempts,
      reason: live.reason,
      created_at: rfc3339(row.created_at),
      updated_at: rfc3339(row.updated_at),
    };
  }

  #incoming(row: InboxRow): TransferView {
    return {
      transfer_id: row.transfer_id,
      direction: "in",
      state: row.decision,
      entity_type: row.entity_type,
      entity_id: row.entity_id,
      ...this.#ends(row, row.source_node_id, this.#ports.cluster.nodeId),
      sequence: row.sequence,
      attempts: 1,
      reason: row.reason,
      created_at: rfc3339(row.decided_at),
      updated_at: rfc3339(row.decided_at),
    };
  }

  #ends(
    row: { readonly source_tank_id: string; readonly destination_tank_id: string },
    sourceNodeId: string,
    destinationNodeId: string,
  ) {
    return {
      source_tank_id: row.source_tank_id,
      source_node_id: sourceNodeId,
      source_server_id: this.#label(sourceNodeId),
      destination_tank_id: row.destination_tank_id,
      destination_node_id: destinationNodeId,
      destination_server_id: this.#label(destinationNodeId),
    };
  }

  #label(nodeId: string): string | null {
    const { cluster } = this.#ports;
    if (nodeId === cluster.nodeId) return cluster.serverId;
    return cluster.server(nodeId)?.server_id ?? null;
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
