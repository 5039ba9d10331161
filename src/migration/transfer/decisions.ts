import type { PeerReply } from "../../cluster/peer-route.ts";
import { Problem } from "../../platform/errors.ts";
import type { InboxDecision, InboxRow } from "../../store/rows.ts";
import { replyOf } from "./courier.ts";
import type { AbortRequest, Decision, TransferRequest } from "./protocol.ts";

/** A decision before it becomes a row. */
export interface Ruling {
  readonly decision: InboxDecision;
  readonly reason: string | null;
  readonly entityId: string | null;
  readonly epoch: number;
}

/** The row that records a decision. */
export function inboxRow(
  request: AbortRequest | TransferRequest,
  ruling: Ruling,
  decidedAtMs: number,
): InboxRow {
  return {
    transfer_id: request.transfer_id,
    source_tank_id: request.source.tank_id,
    source_node_id: request.source.node_id,
    destination_tank_id: request.destination.tank_id,
    entity_type: "entity_type" in request ? request.entity_type : "fish",
    entity_id: ruling.entityId,
    record_digest: request.digest,
    sequence: request.sequence,
    decision: ruling.decision,
    reason: ruling.reason,
    epoch: ruling.epoch,
    decided_at: decidedAtMs,
  };
}

/** An id of a source is bound to one content and one pair of tanks. */
export function isSameTransfer(row: InboxRow, request: AbortRequest): boolean {
  return (
    row.record_digest === request.digest &&
    row.source_tank_id === request.source.tank_id &&
    row.destination_tank_id === request.destination.tank_id
  );
}

/** The answer to every copy of a decided request. */
export function decisionOf(row: InboxRow, nodeId: string): Decision {
  return {
    transfer_id: row.transfer_id,
    node_id: nodeId,
    tank_id: row.destination_tank_id,
    epoch: row.epoch,
    decision: row.decision,
    reason: row.reason,
  };
}

/** 429: it decides nothing. `waitMs`: when to ask again. */
export function busy(detail: string, waitMs: number): PeerReply {
  const { status, body } = replyOf(new Problem("too_many", detail));
  return {
    status,
    body: { ...(body as object), retry_after_ms: waitMs },
    headers: { "retry-after": String(Math.ceil(waitMs / 1000)) },
  };
}

export function replyWith(decision: Decision): PeerReply {
  return { status: 200, body: decision };
}
