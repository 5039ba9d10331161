import type { InboxRow, OutboxRow, TransferEvent, TransferEventRow } from "../../store/rows.ts";
import { isSettled } from "./settlement.ts";

/** All that a node stores about one transfer; both rows if it is between two tanks of this node. */
export interface KnownTransfer {
  readonly out: OutboxRow | undefined;
  readonly into: InboxRow | undefined;
  /** The steps that cannot be derived from the rows. */
  readonly noted: readonly TransferEventRow[];
}

/** The audit trail of a transfer, oldest step first. */
export function stepsOf({ out, into, noted }: KnownTransfer): readonly TransferEventRow[] {
  return [
    ...(out ? beginningOf(out) : []),
    ...noted,
    ...(into ? [decisionOf(into)] : []),
    ...(out && isSettled(out.state) ? [endOf(out)] : []),
  ];
}

/** Both happen in the commit that inserts the row. */
function beginningOf({ transfer_id, created_at: at }: OutboxRow): readonly TransferEventRow[] {
  const steps: readonly TransferEvent[] = ["initiated", "prepared"];
  return steps.map((event) => ({ transfer_id, at, event, detail: "" }));
}

/** A settled row never changes. */
function endOf({ transfer_id, updated_at: at, state, reason }: OutboxRow): TransferEventRow {
  const event = state === "delivered" ? "committed" : "returned";
  return { transfer_id, at, event, detail: reason ?? "" };
}

function decisionOf({ transfer_id, decided_at: at, decision, reason }: InboxRow): TransferEventRow {
  return { transfer_id, at, event: decision, detail: reason ?? "" };
}
