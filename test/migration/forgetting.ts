import type { Journal, JournalWrite } from "../../src/store/journal.ts";
import { withCommit } from "../../src/store/with-commit.ts";

/**
 * A journal that drops some of what it is told to keep: this is how every durable promise of the
 * protocol can be broken from outside, without a switch in the product.
 */
export function forgetting(
  forgets: (write: JournalWrite) => boolean,
): (journal: Journal) => Journal {
  return (journal) =>
    withCommit(journal, (writes) => journal.commit(writes.filter((write) => !forgets(write))));
}

/** Answers with this decision are given, but not kept. */
export function forgetsDecision(decision: string): (write: JournalWrite) => boolean {
  return (write) => "put" in write && write.put === "inbox" && write.row.decision === decision;
}
