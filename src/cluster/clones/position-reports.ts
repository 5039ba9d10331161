import { BoundedMap } from "../../platform/bounded-map.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { RememberedRow } from "../../store/rows.ts";

/**
 * Tracks the statements of fish partners that were reported to the hub. A new or restarted hub has
 * received none.
 */
export class PositionReports {
  #hub: string | undefined;
  #hubBootId: string | undefined;
  /** Statements that the hub has confirmed. */
  readonly #reported = new BoundedMap<string, true>(2 * LIMITS.positionsRememberedMax);

  /** The present start of the hub. */
  heardFrom(nodeId: string, bootId: string): void {
    if (nodeId !== this.#hub || bootId === this.#hubBootId) return;
    if (this.#hubBootId !== undefined) this.#reported.clear();
    this.#hubBootId = bootId;
  }

  /** The next statements for this hub, oldest first; empty when it has all. */
  next(hub: string, partners: Iterable<RememberedRow>): readonly string[] {
    if (hub !== this.#hub) {
      this.#hub = hub;
      this.#hubBootId = undefined;
      this.#reported.clear();
    }
    const batch: string[] = [];
    for (const { node_id, statement } of partners) {
      if (batch.length === LIMITS.positionsPerReportMax) break;
      // The hub gets the node's own position directly.
      if (node_id !== hub && !this.#reported.has(statement)) batch.push(statement);
    }
    return batch;
  }

  /** Called when the hub has answered the message with these. */
  confirm(batch: readonly string[]): void {
    for (const statement of batch) this.#reported.set(statement, true);
  }
}
