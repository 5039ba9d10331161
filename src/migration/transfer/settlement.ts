import type { Positions } from "../../cluster/clones/journal-positions.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";
import type { OutboxRow, OutboxState, TransferEvent } from "../../store/rows.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Payloads } from "../payloads/payload.ts";
import type { Answer } from "./courier.ts";

/**
 * The changes of an outbox row after its first commit. Each method is one atomic transaction and
 * may be retried. Rejects when the storage does.
 */
export class Settlement {
  readonly #payloads: Payloads;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #positions: Positions;

  constructor(ports: {
    readonly cluster: Pick<Cluster, "positions">;
    readonly payloads: Payloads;
    readonly journal: Journal;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#payloads = ports.payloads;
    this.#journal = ports.journal;
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#positions = ports.cluster.positions;
  }

  /** Sent, but no decision was received. */
  async doubt(row: OutboxRow, detail: string): Promise<OutboxRow> {
    const doubtful = this.#changed(row, "in_doubt", row.reason);
    await this.#journal.commit([update(doubtful), note(doubtful, "in_doubt", detail)]);
    return doubtful;
  }

  /** Ends the escrow by the decision; undefined when the entity cannot be restored yet. */
  record(row: OutboxRow, answer: Answer): Promise<OutboxRow | undefined> {
    const remembered = this.#positions.remember(answer.nodeId, answer.position);
    const { verdict, byHand } = answer;
    if (verdict === "accepted") return this.#deliver(row, remembered, byHand);
    const reason = answer.reason ?? row.reason ?? verdict;
    return this.#restore(row, byHand ? "resolved" : verdict, reason, remembered);
  }

  async #deliver(
    row: OutboxRow,
    remembered: readonly JournalWrite[],
    byHand = false,
  ): Promise<OutboxRow> {
    const delivered = this.#changed(row, "delivered", null);
    const notes = byHand ? [note(delivered, "resolved", "delivered, by an operator")] : [];
    await this.#journal.commit([update(delivered), ...notes, ...remembered]);
    return delivered;
  }

  /**
   * Restores the entity and settles its row atomically: log entry and row are one transaction. The
   * row is checked first, so that a retry never restores it twice.
   */
  async #restore(
    row: OutboxRow,
    verdict: "refused" | "aborted" | "resolved",
    reason: string,
    remembered: readonly JournalWrite[],
  ): Promise<OutboxRow | undefined> {
    const known = await this.#journal.outboxRow(row.transfer_id);
    if (known && isSettled(known.state)) return known;
    const returned = this.#changed(row, "returned", reason);
    const notes = verdict === "refused" ? [] : [note(returned, verdict, noteOf(verdict, reason))];
    const order = { tankId: row.source_tank_id, record: row.record };
    const barrier = await this.#payloads[row.entity_type].restore(order, () => [
      update(returned),
      ...notes,
      ...remembered,
    ]);
    if (barrier === undefined) return returned;
    this.#log.error("entity cannot be restored", {
      transfer_id: row.transfer_id,
      entity_id: row.entity_id,
      tank_id: row.source_tank_id,
      rejection: barrier.reason,
      detail: barrier.detail,
    });
    return undefined;
  }

  #changed(row: OutboxRow, state: OutboxState, reason: string | null): OutboxRow {
    return { ...row, state, reason, updated_at: this.#clock.wallMs() };
  }
}

export function isSettled(state: OutboxState): boolean {
  return state === "delivered" || state === "returned";
}

function noteOf(verdict: "aborted" | "resolved", reason: string): string {
  return verdict === "aborted" ? reason : "restored, by an operator";
}

/** A step of the audit trail that cannot be derived from the row later. */
function note(row: OutboxRow, event: TransferEvent, detail: string): JournalWrite {
  const { transfer_id, updated_at: at } = row;
  return { put: "event", row: { transfer_id, at, event, detail } };
}

function update({ transfer_id, state, attempts, reason, updated_at }: OutboxRow): JournalWrite {
  return { update: "outbox", transfer_id, state, attempts, reason, updated_at };
}
