import type { Journal, JournalWrite } from "../../src/store/journal.ts";
import { withCommit } from "../../src/store/with-commit.ts";
import type { Conditions } from "./conditions.ts";

/** Where a transfer can be, as what its two journals are asked to write tells. */
export const PHASES = [
  /** The export is being committed. */
  "exporting",
  /** The fish is in the outbox, and no offer went unanswered. */
  "escrow",
  /** An offer went unanswered. */
  "in_doubt",
  /** The destination commits that it takes the fish, or never will. */
  "deciding",
  /** The destination commits a tombstone. */
  "aborting",
  /** The destination has decided, and the source does not know it, or has not written it down. */
  "decided",
  /** The source commits that the fish has arrived. */
  "settling",
  /** The source commits that the fish is back. */
  "returning",
] as const;

/** Tells of a cluster's transfers which phase each is in. */
export class TransferPhases {
  readonly #conditions: Conditions;
  readonly #nameOf: (nodeId: string) => string;
  /** How to end what is on the disk of one of the two ends, by id of the transfer. */
  readonly #lasting = new Map<string, () => void>();
  readonly #ends = new Map<string, readonly string[]>();

  constructor(conditions: Conditions, nameOf: (nodeId: string) => string) {
    this.#conditions = conditions;
    this.#nameOf = nameOf;
  }

  /** The journal of a node, which says by `isAlive` whether it waits for its commits. */
  watch(node: string, journal: Journal, isAlive: () => boolean): Journal {
    return withCommit(journal, async (writes) => {
      const ends = writes.flatMap((write) => this.#during(node, write, isAlive) ?? []);
      try {
        await journal.commit(writes);
      } finally {
        for (const end of ends) end();
      }
      for (const write of writes) this.#after(node, write);
    });
  }

  #during(node: string, write: JournalWrite, isAlive: () => boolean): (() => void) | undefined {
    const begin = (phase: (typeof PHASES)[number], nodes: readonly string[]) =>
      this.#conditions.phase(phase, nodes, isAlive);
    if ("put" in write && write.put === "outbox") {
      return begin("exporting", [node, this.#nameOf(write.row.destination_node_id)]);
    }
    if ("put" in write && write.put === "inbox") {
      const ends = [node, this.#nameOf(write.row.source_node_id)];
      return begin(write.row.decision === "aborted" ? "aborting" : "deciding", ends);
    }
    if (!("update" in write)) return undefined;
    const ends = this.#ends.get(write.transfer_id) ?? [node];
    if (write.state === "delivered") return begin("settling", ends);
    return write.state === "returned" ? begin("returning", ends) : undefined;
  }

  #after(node: string, write: JournalWrite): void {
    if ("put" in write && write.put === "outbox") {
      const { transfer_id, destination_node_id } = write.row;
      this.#ends.set(transfer_id, [node, this.#nameOf(destination_node_id)]);
      this.#enter(transfer_id, "escrow");
    } else if ("put" in write && write.put === "inbox") {
      if (this.#lasting.has(write.row.transfer_id)) this.#enter(write.row.transfer_id, "decided");
    } else if ("update" in write) {
      if (write.state === "in_doubt") this.#enter(write.transfer_id, "in_doubt");
      else if (write.state !== "pending") this.#leave(write.transfer_id);
    }
  }

  #enter(transferId: string, phase: (typeof PHASES)[number]): void {
    this.#lasting.get(transferId)?.();
    const ends = this.#ends.get(transferId) ?? [];
    this.#lasting.set(transferId, this.#conditions.phase(phase, ends));
  }

  #leave(transferId: string): void {
    this.#lasting.get(transferId)?.();
    this.#lasting.delete(transferId);
    this.#ends.delete(transferId);
  }
}
